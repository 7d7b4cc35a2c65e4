"""Registries with as many devices and copies as one likes, filled past the use-cases, row by row as they would be.

Every device has its own sealed key and every copy its nonce, so that unsealing costs what it costs. The log is a
real tree over entries that hold their index and nothing else: nothing that is measured here reads them, and an audit
would refuse them.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, insert, text

from fingerprint import seeds
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from registry.keys.local import LocalKeys
from registry.log import tree
from registry.models import CopyRow, DeviceRow, LogEntryRow, LogNodeRow
from registry.sealing import Sealer
from registry.store import init_store, open_registry
from registry.usecases.devices import device_row

KEK = bytes(range(32))
CLASSES, COMPONENTS, PROBES = 10, 32, 200  # L = 288
TENANT, RELEASE = "acme", "v1"
HELPER_BYTES = 400  # what an SRAM PUF of the default profile leaves, about
_ROWS = 5000
_NOW = datetime(2026, 11, 24, tzinfo=UTC)


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


def name_of(number: int) -> str:
    """Name of a device; names sort as numbers do."""
    return f"device {number:08d}"


def digest_of(number: int) -> str:
    """Digest of a copy's file."""
    return f"sha256:{number:064x}"


def fill(directory: Path, url: str | None, devices: int, pack: VerifierPack | None = None) -> None:
    """A registry in the directory with so many devices, and a copy of one release for each."""
    init_store(directory, kek=KEK, database_url=url)
    with open_registry(directory, kek=KEK, database_url=url) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant(TENANT).id
        with store.unit() as registry:
            release = registry.commit_release(tenant, RELEASE, pack=(pack or make_pack()).to_bytes())
    engine = create_engine(url or f"sqlite:///{directory / 'registry.db'}")
    sealer = Sealer(LocalKeys([KEK], os.urandom), os.urandom)
    edge: list[bytes] = []
    with open_registry(directory, kek=KEK, database_url=url) as store, store.reading() as registry:
        edge, _ = tree.grow(0, edge, tree.leaf_hash(registry.entry(0).data))
    for start in range(0, devices, _ROWS):
        made = [_rows(sealer, tenant, release.id, number) for number in range(start, min(start + _ROWS, devices))]
        logged = [entry for entries, _, _ in made for entry in entries]
        edge, nodes = _grow(edge, logged)
        with engine.begin() as connection:
            connection.execute(insert(LogEntryRow), logged)
            connection.execute(insert(LogNodeRow), nodes)
            connection.execute(insert(DeviceRow), [device for _, device, _ in made])
            connection.execute(insert(CopyRow), [copy for _, _, copy in made])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _grow(edge: list[bytes], entries: list[dict[str, Any]]) -> tuple[list[bytes], list[dict[str, Any]]]:
    """The tree's right edge after these entries, and the subtrees that they complete."""
    nodes: list[dict[str, Any]] = []
    for entry in entries:
        edge, completed = tree.grow(entry["idx"], edge, tree.leaf_hash(entry["data"]))
        nodes += [{"level": node.level, "idx": node.number, "hash": value} for node, value in completed]
    return edge, nodes


def _rows(
    sealer: Sealer, tenant: str, release: str, number: int
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Three log entries, a device and its copy, issued."""
    first, identifier = 1 + 3 * number, os.urandom(16).hex()
    row = device_row(tenant, identifier)
    data_key = sealer.new_data_key(row)
    device = {
        "tenant_id": tenant,
        "id": identifier,
        "name": name_of(number),
        "salt": os.urandom(32),
        "helper_data": os.urandom(HELPER_BYTES),
        "helper_digest": digest_of(number),
        "identity": f"{number:064x}",
        "key_commitment": f"hmac-sha256:{number:064x}",
        "data_key": data_key,
        "codeword_key": sealer.seal(data_key, row, "codeword_key", os.urandom(32)),
        "enrolled_at": _NOW,
        "entry_index": first,
    }
    copy = {
        "tenant_id": tenant,
        "id": os.urandom(16).hex(),
        "release_pk": release,
        "device_pk": identifier,
        "nonce": os.urandom(32),
        "codeword_commitment": f"hmac-sha256:{number:064x}",
        "after": 1,
        "reserved_at": _NOW,
        "reservation_index": first + 1,
        "artefact_digest": digest_of(number),
        "method": "minted",
        "issued_at": _NOW,
        "issue_index": first + 2,
    }
    return [{"idx": index, "data": str(index).encode()} for index in range(first, first + 3)], device, copy
