"""Moving rows to another key: killed and gone on with, beside other writers, never bringing back what was destroyed."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from registry import rewrapping
from registry.errors import SealBroken, UnknownKey
from registry.keys.base import Wrapped
from registry.keys.file import FileKeys
from registry.keys.local import LocalKeys, key_id
from registry.store import init_store, open_registry

OLD, NEW = bytes(range(32)), bytes([7]) * 32
REWRAPPER = """
import sys
from pathlib import Path
from registry import rewrapping
from registry.store import open_registry
rewrapping.ROWS = 10
def progress(done, total):
    print(done, total, flush=True)
    sys.stdin.readline()
with open_registry(Path(sys.argv[1]), kek=bytes([7]) * 32 + bytes(range(32))) as store:
    store.rewrap(progress)
"""


@pytest.fixture
def crowded(store: Any, tenant: str, enrol: Any, data_dir: Path) -> Path:
    """A registry with forty devices."""
    for number in range(40):
        enrol(tenant, f"device {number:02}")
    return data_dir


def sealed(data_dir: Path) -> list[tuple[Any, ...]]:
    """Sealed values as they are in the file."""
    with closing(sqlite3.connect(data_dir / "registry.db")) as connection:
        return connection.execute("SELECT id, codeword_key FROM device ORDER BY id").fetchall()


def test_killed_it_goes_on(crowded: Path) -> None:
    """Killed after two batches: both keys are in use, everything opens, and the next run does the rest only."""
    before = sealed(crowded)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", REWRAPPER, str(crowded)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = [process.stdout.readline()]
        process.stdin.write("\n")
        process.stdin.flush()
        seen.append(process.stdout.readline())
        process.kill()
    assert [line.split() for line in seen] == [["10", "41"], ["20", "41"]]
    with open_registry(crowded, kek=NEW + OLD) as store:
        assert dict(store.key_status().rows) == {key_id(NEW): 20, key_id(OLD): 21}
        assert store.audit().opened == 40
        assert store.rewrap() == 21
        assert store.key_status().settled
        assert store.rewrap() == 0
    assert sealed(crowded) == before


def test_progress_is_told(crowded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each batch: how many were moved, of how many."""
    monkeypatch.setattr(rewrapping, "ROWS", 15)
    told: list[tuple[int, int]] = []
    with open_registry(crowded, kek=NEW + OLD) as store:
        assert store.rewrap(lambda done, total: told.append((done, total))) == 41
    assert told == [(15, 41), (30, 41), (40, 41), (41, 41)]


class Forgetful(LocalKeys):
    """Keys during whose use a device is forgotten by somebody else."""

    def __init__(self, directory: Path, tenant: str) -> None:
        super().__init__([NEW, OLD], os.urandom)
        self.directory, self.tenant, self.done = directory, tenant, False

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """Forget once, then wrap."""
        if not self.done:
            self.done = True
            with open_registry(self.directory, kek=OLD) as other, other.unit() as registry:
                registry.forget_device(self.tenant, "device 00")
        return super().wrap(data_key, context)


def test_a_destroyed_data_key_stays_destroyed(crowded: Path, tenant: str) -> None:
    """A device that is forgotten while its row is on its way is left forgotten; nobody waited for a lock meanwhile."""
    with open_registry(crowded, keys=Forgetful(crowded, tenant)) as store:
        assert store.rewrap() == 40
        assert store.key_status().settled
        assert store.audit().opened == 39
    with closing(sqlite3.connect(crowded / "registry.db")) as connection:
        assert connection.execute("SELECT count(*) FROM device WHERE data_key IS NULL").fetchone() == (1,)


class Overtaken(LocalKeys):
    """Keys during whose first use somebody else moves everything."""

    def __init__(self, directory: Path) -> None:
        super().__init__([NEW, OLD], os.urandom)
        self.directory, self.moved = directory, 0

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """Be overtaken once, then wrap."""
        if not self.moved:
            with open_registry(self.directory, kek=NEW + OLD) as other:
                self.moved = other.rewrap()
        return super().wrap(data_key, context)


def test_whoever_is_overtaken_moves_nothing_twice(data_dir: Path, store: Any) -> None:
    """Of two at once the slower one leaves what the other has moved, and ends."""
    keys = Overtaken(data_dir)
    with open_registry(data_dir, keys=keys) as slow:
        assert slow.rewrap() == 0
        assert keys.moved == 1
        assert slow.key_status().settled


def test_rows_written_meanwhile_are_moved(crowded: Path, tenant: str, enrol: Any, store: Any) -> None:
    """What a service with the old key writes during the move is moved as well."""
    late = iter(range(3))

    def progress(done: int, total: int) -> None:
        number = next(late, None)
        if number is not None:
            enrol(tenant, f"late {number}")

    with open_registry(crowded, kek=NEW + OLD) as moving:
        assert moving.rewrap(progress) == 44
        assert moving.key_status().settled


def test_a_rotation_meanwhile_is_followed_to_its_end(tmp_path: Path) -> None:
    """Rotated in the middle, and rows written by a service under the newest key: all of them end there, once."""
    keys = FileKeys.create(tmp_path / "kek.key", os.urandom)
    init_store(tmp_path, keys=keys)
    told = iter([True])

    def progress(done: int, total: int) -> None:
        assert done <= total < 20  # and so it ends
        if next(told, False):
            FileKeys(tmp_path / "kek.key", os.urandom).rotate()
            with open_registry(tmp_path) as service, service.unit() as registry:
                registry.enroll_device(
                    registry.create_tenant("acme").id,
                    "late",
                    helper_data=b"h",
                    identity="ab" * 32,
                    codeword_key=bytes(32),
                )

    keys.rotate()
    with open_registry(tmp_path) as moving:
        assert moving.rewrap(progress) == 2  # the pepper, twice
        status = moving.key_status()
    assert status.settled
    assert dict(status.rows) == {keys.current: 2}


def test_what_cannot_be_unwrapped_stops_it(crowded: Path) -> None:
    """A missing key or a broken row is said, and what was moved before stays moved."""
    with open_registry(crowded, kek=NEW, signing=False) as store, pytest.raises(UnknownKey, match=key_id(OLD)):
        store.rewrap()
    with closing(sqlite3.connect(crowded / "registry.db", isolation_level=None)) as connection:
        connection.execute("UPDATE device SET data_key = CAST(data_key || x'00' AS BLOB) WHERE name = 'device 20'")
    with open_registry(crowded, kek=NEW + OLD) as store, pytest.raises(SealBroken):
        store.rewrap()
