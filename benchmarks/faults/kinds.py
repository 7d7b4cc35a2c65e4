"""The faults, one function each; all of them end in `Ledger.row`."""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.faults.checking import Ledger
from benchmarks.faults.disks import mount, unmount, until_refused
from benchmarks.faults.writers import _FORK, Acknowledged, Place, Process, enrol, line, new_place, parse
from registry.database import FILE
from registry.errors import RegistryError
from registry.log.checkpoint import open_checkpoint
from registry.log.monitor import CHECKPOINT, TILE, monitor
from registry.log.note import Ed25519Verifier
from registry.store import Store

WRITERS, THREADS = 2, 2
MOST_APPENDS, MOST_DELAY = 12, 0.02  # a round is killed after 0 to 12 acknowledged appends and 0 to 20 ms more


def killed(place: Place, kills: int, rng: random.Random) -> dict[str, Any]:
    """Two processes with two writing threads each, both killed at a random moment, their start included."""
    ledger = Ledger(place)
    for number in range(kills):
        writers = [Process(place, f"{number} {each}", threads=THREADS) for each in range(WRITERS)]
        writers[0].wait_for(rng.randrange(MOST_APPENDS + 1))
        time.sleep(rng.uniform(0, MOST_DELAY))
        for writer in writers:
            writer.kill()
        ledger.recover([said for writer in writers for said in writer.acknowledged()])
    return ledger.row("kill -9 of two writing processes", kills)


def server_killed(place: Place, restart: Callable[[], None], kills: int, rng: random.Random) -> dict[str, Any]:
    """PostgreSQL itself killed under two writers, and started again: what it did not flush is gone."""
    ledger = Ledger(place)
    for number in range(kills):
        writers = [Process(place, f"server {number} {each}", threads=THREADS) for each in range(WRITERS)]
        writers[0].wait_for(rng.randrange(1, MOST_APPENDS + 1))
        time.sleep(rng.uniform(0, MOST_DELAY))
        restart()
        for writer in writers:
            writer.kill()
        ledger.recover([said for writer in writers for said in writer.acknowledged()])
    return ledger.row("kill -9 of the database server", kills)


def power_lost(place: Place, kills: int, rng: random.Random) -> dict[str, Any]:
    """SQLite's journal cut anywhere behind the last flush, as a power failure may leave it: the checkpoint is torn."""
    ledger = Ledger(place)
    journal = place.directory / f"{FILE}-wal"
    for number in range(kills):
        receiving, sending = os.pipe()
        process = _FORK.Process(target=_until_power_fails, args=(place, number, rng.randrange(1, 6), sending))
        process.start()
        os.close(sending)
        with os.fdopen(receiving, "rb") as pipe:
            *said, flushed = pipe.read().decode().splitlines()
        process.join()
        os.truncate(journal, rng.randint(int(flushed), journal.stat().st_size))
        (place.directory / f"{FILE}-shm").unlink()
        seen = parse(place, said)
        ledger.recover(seen)
        ledger.inconsistent += not _signed_again(place, seen[-1], said[-1].split()[2])
    return ledger.row("power lost, the journal torn behind its last flush", kills)


def _until_power_fails(place: Place, number: int, appends: int, sending: int) -> None:
    with place.open() as store:
        noting = _Noting(store, place.directory / f"{FILE}-wal")
        for each in range(appends):
            os.write(sending, line(enrol(store, place.tenant, f"{number} {each}")))
        os.write(sending, f"{noting.flushed}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


class _Noting:
    """Notes how long the journal is after each flush, before the checkpoint is written behind it."""

    def __init__(self, store: Store, journal: Path) -> None:
        self.flushed = 0
        self._journal = journal
        self._database = store._writers._database  # noqa: SLF001 - to stand between the two
        self.transaction = self._database.transaction
        store._writers._database = self  # type: ignore[assignment] # noqa: SLF001 - it has what the writers use

    @contextmanager
    def unflushed(self) -> Iterator[Any]:
        """As the database's own."""
        self.flushed = self._journal.stat().st_size
        with self._database.unflushed() as connection:
            yield connection


def _signed_again(place: Place, last: Acknowledged, note: str) -> bool:
    """Whether the newest checkpoint that was seen is there again, bit for bit."""
    with place.open() as store, store.reading() as registry:
        return registry.proof(last.index, size=last.size).checkpoint.note == bytes.fromhex(note).decode()


def disk_full(root: Path, times: int) -> tuple[dict[str, Any], str]:
    """Four threads write until the disk is full; then there is room again. The row, and how the disk was filled."""
    small = root / "small"
    small.mkdir()
    mounted = mount(small, "size=2m")
    place = new_place(small / "data", None)
    ledger = Ledger(place)
    try:
        for number in range(times):
            with _limited(place.directory / FILE, mounted=mounted), place.open() as store:
                said = until_refused(store, place, f"{number}")
            if mounted:
                mount(small, f"remount,size={3 + number}m")
            ledger.recover(parse(place, said))
        return ledger.row("disk full", times), "a tmpfs of 2 MiB" if mounted else "RLIMIT_FSIZE"
    finally:
        if mounted:
            unmount(small)


@contextmanager
def _limited(file: Path, *, mounted: bool) -> Iterator[None]:
    """Without a small disk: no file of this process may grow past the database's present size and a little."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + (1 << 18), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read_only(root: Path, times: int) -> dict[str, Any]:
    """The data directory loses its rights between two openings; whoever tries is refused by one clear error."""
    place = new_place(root / "fixed", None)
    ledger, refused = Ledger(place), 0
    for number in range(times):
        with place.open() as store:
            said = [line(enrol(store, place.tenant, f"{number} {each}")).decode() for each in range(5)]
        _rights(place.directory, 0o500, 0o400)
        process = _FORK.Process(target=_try, args=(place,))
        process.start()
        process.join()
        refused += process.exitcode == 0
        _rights(place.directory, 0o700, 0o600)
        ledger.recover(parse(place, said))
    row = ledger.row("read-only directory", refused)
    return {**row, "inconsistent_checkpoints": row["inconsistent_checkpoints"] + times - refused}


def _rights(directory: Path, folder: int, file: int) -> None:
    for path in (*directory.rglob("*"), directory):
        if os.geteuid() == 0:
            shutil.chown(path, "nobody" if folder == 0o500 else "root")
        path.chmod(folder if path.is_dir() else file)


def _try(place: Place) -> None:
    """Exit code 0 if the registry refuses, as whoever has no right to write."""
    if os.geteuid() == 0:
        os.setuid(int(subprocess.check_output(["id", "-u", "nobody"])))
    try:
        with place.open() as store:
            enrol(store, place.tenant, "refused")
    except RegistryError:
        os._exit(0)
    os._exit(1)


class _Leaping:
    """A clock that leaps, back as often as on, by up to a year."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._now = datetime(2026, 11, 24, tzinfo=UTC)
        self.back = 0

    def __call__(self) -> datetime:
        leap = timedelta(seconds=self._rng.uniform(-1, 1) * 365 * 86_400)
        self.back += leap < timedelta(0)
        self._now = max(self._now + leap, datetime(2000, 1, 1, tzinfo=UTC))
        return self._now


def clock_moved_back(place: Place, appends: int, rng: random.Random) -> dict[str, Any]:
    """The clock leaps back and forth by up to a year while the registry writes."""
    ledger, clock = Ledger(place), _Leaping(rng)
    with place.open(clock) as store:
        said = [line(enrol(store, place.tenant, f"{number}")).decode() for number in range(appends)]
    ledger.recover(parse(place, said))
    return ledger.row("clock moved back", clock.back)


def torn_tiles(place: Place, times: int, rng: random.Random) -> dict[str, Any]:
    """Static files of the log cut anywhere on their way to a monitor: each must be refused (found), none believed."""
    refused = 0
    start = time.perf_counter()
    with place.open() as store:
        vkey = (place.directory / "log.pub").read_text()
        verifier = Ed25519Verifier.from_vkey(vkey)
        asked = _paths(store, verifier, rng)
        for _ in range(times):
            torn = rng.choice(asked)
            try:
                monitor(_torn(store, torn, rng), lambda note: open_checkpoint(note, verifier))
            except RegistryError:
                refused += 1
    return {
        "fault": "torn tile files",
        "store": "sqlite" if place.url is None else "postgresql",
        "kills": times,
        "acknowledged": times,
        "found": refused,
        "lost": times - refused,
        "inconsistent_checkpoints": 0,
        "recovery_seconds": round((time.perf_counter() - start) / times, 4),
        "recovery_over_clean_opening": None,
    }


def _paths(store: Store, verifier: Ed25519Verifier, rng: random.Random) -> list[str]:
    """Every file that a monitor fetches."""
    asked: list[str] = []
    whole = _torn(store, None, rng)

    def fetch(path: str) -> bytes:
        asked.append(path)
        return whole(path)

    monitor(fetch, lambda note: open_checkpoint(note, verifier))
    return asked


def _torn(store: Store, torn: str | None, rng: random.Random) -> Callable[[str], bytes]:
    def fetch(path: str) -> bytes:
        with store.reading() as registry:
            note = registry.checkpoint().note.encode()
            data = note if path == CHECKPOINT else registry.tile(path.removeprefix(TILE)).data
        return data[: rng.randrange(len(data))] if path == torn else data

    return fetch
