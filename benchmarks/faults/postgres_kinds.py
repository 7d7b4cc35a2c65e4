"""Faults of a PostgreSQL server's disks: full, by its tables or by its journal; read-only, by setting or by rights."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import postgres
from benchmarks.faults.checking import Ledger
from benchmarks.faults.disks import mount, unmount, until_refused
from benchmarks.faults.server import home_of, kill_and_start
from benchmarks.faults.writers import Place, enrol, line, new_place, parse
from registry.errors import RegistryError
from registry.store import Store

MIB = 1 << 20
TABLES_MIB, JOURNAL_MIB = 11, 12  # an empty registry's tables have 9 MiB, and a server's smallest journal a few
SMALL_JOURNAL = {"wal_recycle": "off"}  # every segment is a new file, and needs room


def tables_full(url: str, root: Path, times: int) -> dict[str, Any]:
    """Four threads write until the tables' disk is full; the server lives on; then there is room again."""
    fault = "disk full of tables"
    small = root / "tables"
    small.mkdir()
    if not mount(small, f"size={TABLES_MIB}m"):
        return _not_made(fault)
    try:
        with _tablespace(url, small) as elsewhere:
            place = new_place(root / "on small tables", elsewhere)
            ledger = Ledger(place)
            for number in range(times):
                with place.open() as store:
                    said = until_refused(store, place, f"{number}")
                mount(small, f"remount,size={TABLES_MIB + 1 + number}m")
                ledger.recover(parse(place, said))
            return ledger.row(fault, times)
    finally:
        unmount(small)


def journal_full(root: Path, times: int) -> dict[str, Any]:
    """The journal's disk is filled by something else under four threads: the server gives up, and is started again."""
    fault = "disk full of journal"
    small = root / "journal"
    small.mkdir()
    if not mount(small, f"size={JOURNAL_MIB}m"):
        return _not_made(fault)
    try:
        owner = postgres.unprivileged()
        if owner is not None:
            shutil.chown(small, owner)
        where = ["--wal-segsize=1", f"--waldir={small / 'wal'}"]
        with postgres.server(initdb=where, settings=SMALL_JOURNAL) as server:
            place = new_place(root / "on a small journal", server.url)
            ledger = Ledger(place)
            for number in range(times):
                with place.open() as store:
                    said = _few(store, place, f"few {number}")
                    _fill(small)
                    said += until_refused(store, place, f"{number}")
                (small / "filler").unlink()
                kill_and_start(server.url)
                ledger.recover(parse(place, said))
            return ledger.row(fault, times)
    finally:
        unmount(small)


def read_only_by_setting(url: str, root: Path, times: int) -> dict[str, Any]:
    """The server makes every transaction read-only: who has the registry open is refused, and who opens it then."""
    place = new_place(root / "read-only by setting", url)
    ledger, refused = Ledger(place), 0
    for number in range(times):
        with place.open() as store:
            said = _few(store, place, f"{number}")
            _only_reading(url, on=True)
            refused += _refused(store, place) and _refused_anew(place)
            _only_reading(url, on=False)
        ledger.recover(parse(place, said))
    return _all_refused(ledger.row("read-only server", refused), times)


def read_only_by_rights(root: Path, times: int) -> dict[str, Any]:
    """The data directory loses its rights under a running server: what it still acknowledges must be there after."""
    with postgres.server() as server:
        place = new_place(root / "read-only by rights", server.url)
        ledger, refused = Ledger(place), 0
        data = home_of(server.url) / "data"
        for number in range(times):
            with place.open() as store:
                said = _few(store, place, f"{number}")
                _rights(data, 0o500, 0o400)
                said += _few(store, place, f"last {number}")
            refused += _refused_anew(place)
            _rights(data, 0o700, 0o600)
            kill_and_start(server.url)
            ledger.recover(parse(place, said))
        return _all_refused(ledger.row("read-only directory", refused), times)


def _few(store: Store, place: Place, name: str) -> list[str]:
    """What five appends were acknowledged, fewer if the registry refuses."""
    said: list[str] = []
    with suppress(RegistryError):
        said.extend(line(enrol(store, place.tenant, f"{name} {number}")).decode() for number in range(5))
    return said


def _refused(store: Store, place: Place) -> bool:
    try:
        enrol(store, place.tenant, "refused")
    except RegistryError:
        return True
    return False


def _refused_anew(place: Place) -> bool:
    try:
        with place.open() as store:
            return _refused(store, place)
    except RegistryError:
        return True


def _all_refused(row: dict[str, Any], times: int) -> dict[str, Any]:
    """A time at which somebody was not refused counts as a contradiction."""
    return {**row, "inconsistent_checkpoints": row["inconsistent_checkpoints"] + times - row["kills"]}


def _fill(small: Path) -> None:
    """Take all room on a disk but a little."""
    there = os.statvfs(small)
    with (small / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, there.f_bavail * there.f_frsize - MIB)


def _execute(url: str, *statements: str) -> None:
    """Run statements outside of transactions, allowed to write whatever the server's default is."""
    plain = url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def _tablespace(url: str, directory: Path) -> Iterator[str]:
    """The URL of a database whose tables lie in a directory."""
    owner = postgres.unprivileged()
    if owner is not None:
        shutil.chown(directory, owner)
    _execute(url, f"CREATE TABLESPACE small LOCATION '{directory}'", "CREATE DATABASE small TABLESPACE small")
    try:
        yield url.replace("/postgres?", "/small?")
    finally:
        _execute(url, "DROP DATABASE small WITH (FORCE)", "DROP TABLESPACE small")


def _only_reading(url: str, *, on: bool) -> None:
    """Change the server's default, and wait until it holds."""
    name, wanted = "default_transaction_read_only", "on" if on else "off"
    _execute(url, f"ALTER SYSTEM SET {name} = {wanted}", "SELECT pg_reload_conf()")
    for _ in range(500):
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
            if connection.execute(f"SHOW {name}").fetchone() == (wanted,):
                return
        time.sleep(0.01)
    raise RuntimeError(f"the server does not take {name} = {wanted}")


def _rights(directory: Path, folder: int, file: int) -> None:
    for path in (*directory.rglob("*"), directory):
        try:
            path.chmod(folder if path.is_dir() else file)
        except FileNotFoundError:  # the server removed it meanwhile
            continue


def _not_made(fault: str) -> dict[str, Any]:
    """The row of a fault that needs a right that this process does not have."""
    return {
        "fault": f"{fault} (not made: no right to mount)",
        "store": "postgresql",
        "kills": 0,
        "acknowledged": 0,
        "found": 0,
        "lost": 0,
        "inconsistent_checkpoints": 0,
        "recovery_seconds": None,
        "recovery_over_clean_opening": None,
    }
