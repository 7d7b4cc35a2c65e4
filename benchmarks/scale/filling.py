"""Registries with as many devices and copies as one likes, filled past the use-cases, thousands of rows at a time.

The rows and entries are those that the use-cases would have written (`benchmarks.scale.making`): an audit of the filled
registry passes. They go in by the database's own driver, and on SQLite unflushed, for nothing of it is timed.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, create_engine, text

from benchmarks.scale.making import FIRST, Made, make
from fingerprint import seeds
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from registry.database import driver
from registry.keys.local import LocalKeys
from registry.log import tree
from registry.log.frontier import Frontier
from registry.sealing import Sealer
from registry.store import init_store, open_registry

KEK = bytes(range(32))
CLASSES, COMPONENTS, PROBES = 10, 32, 200  # L = 288
TENANT, RELEASE = "acme", "v1"
_ROWS = 5000
_UNFLUSHED = ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-1000000")

Rows = Iterable[Sequence[Any]]


def make_pack() -> VerifierPack:
    """A verifier pack of random numbers."""
    rng = seeds.stream("benchmark", "scale")
    reference = rng.normal(size=(PROBES, CLASSES))
    return VerifierPack(
        release_key=rng.bytes(32),
        probes=rng.normal(size=(PROBES, 4)).astype(np.float32),
        features=rng.normal(size=(PROBES, COMPONENTS)).astype(np.float32),
        references={"clean": (reference - reference.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
    )


def fill(directory: Path, url: str | None, devices: int, pack: VerifierPack | None = None) -> None:
    """A registry in the directory with so many devices, and a copy of one release for each; the log signed over it."""
    init_store(directory, kek=KEK, database_url=url)
    with open_registry(directory, kek=KEK, database_url=url) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant(TENANT).id
        with store.unit() as registry:
            release = registry.commit_release(tenant, RELEASE, pack=(pack or make_pack()).to_bytes())
        with store.reading() as registry:
            leaf = tree.leaf_hash(registry.entry(0).data)
    sealer = Sealer(LocalKeys([KEK], os.urandom), os.urandom)
    edge = Frontier(size=FIRST, edge=(leaf,), leaf=leaf, signed=FIRST)
    engine = create_engine(url or f"sqlite:///{directory / 'registry.db'}")
    with engine.connect() as connection:
        _hurry(connection)
        for start in range(0, devices, _ROWS):
            numbers = range(start, min(start + _ROWS, devices))
            edge = _write(connection, edge, [make(sealer, tenant, release, number) for number in numbers])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()
    with open_registry(directory, kek=KEK, database_url=url):
        pass  # opening signs what is not signed


def _hurry(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for pragma in _UNFLUSHED:
            driver(connection).execute(f"PRAGMA {pragma}")


def _write(connection: Connection, before: Frontier, made: Sequence[Made]) -> Frontier:
    """The right edge after these devices and copies, which are then in the database."""
    logged = [data for each in made for data in each.logged]
    after, completed = before.grown([tree.leaf_hash(data) for data in logged])
    _insert(connection, "log_entry", ("idx", "data"), enumerate(logged, before.size))
    _insert(connection, "log_node", ("level", "idx", "hash"), [(*node, value) for node, value in completed])
    _insert_all(connection, "device", [each.device for each in made])
    _insert_all(connection, "copy", [each.copy for each in made])
    driver(connection).commit()
    return after


def _insert_all(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    _insert(connection, table, tuple(rows[0]), [tuple(row.values()) for row in rows])


def _insert(connection: Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    raw, named = driver(connection), ", ".join(f'"{column}"' for column in columns)
    if connection.dialect.name == "postgresql":
        with raw.cursor() as cursor, cursor.copy(f'COPY "{table}" ({named}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    sent = (tuple(_sent(value) for value in row) for row in rows)
    raw.executemany(f'INSERT INTO "{table}" ({named}) VALUES ({marks})', sent)  # noqa: S608 - ours


def _sent(value: object) -> object:
    """As SQLAlchemy stores an instant on SQLite, in UTC; anything else as it is."""
    return value.replace(tzinfo=None).isoformat(" ", "microseconds") if isinstance(value, datetime) else value
