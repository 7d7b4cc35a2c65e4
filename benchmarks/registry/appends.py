"""Durable appends against bare inserts of the same rows, turn by turn in one run.

A durable append is acknowledged: its entry and its row are committed and flushed to the disk, and the log is signed
over it. The bare side writes exactly the rows that the registry wrote (entries, tree, devices, checkpoints), by the
database's own driver, into the same tables without triggers, flushed as often. Against a group of threads there are two
bare sides: as many connections, a transaction and a flush for each unit, as they would write without the registry; and
one connection that writes a whole group in one transaction, which nobody who waits for single units could do.
"""

import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.registry.bare import Bare, Rows, copied, opened
from registry.log import entries
from registry.records import EntryKind, NewDevice
from registry.store import Store, init_store, open_registry, utc_now

KEK = bytes(range(32))
HELPER = bytes(400)  # what an SRAM PUF of the default profile leaves, about


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is written in a round.

    Attributes:
        what: `entries`, the log alone, or `enrolments`, devices with sealed keys and their entries.
        threads: threads that write at once.
        unit: entries of one unit of work.
        units: units of each thread in a turn.
        turns: how many turns each side has.
        bare: connections of the bare side; with one, its transactions are the groups that the registry made.
    """

    what: str
    threads: int
    unit: int
    units: int
    turns: int
    bare: int = 1


LOADS = (
    Load(what="entries", threads=1, unit=1, units=2, turns=100),
    Load(what="entries", threads=1, unit=10, units=1, turns=60),
    Load(what="entries", threads=1, unit=100, units=1, turns=30),
    Load(what="enrolments", threads=1, unit=1, units=2, turns=100),
    Load(what="enrolments", threads=1, unit=10, units=1, turns=60),
    Load(what="enrolments", threads=1, unit=100, units=1, turns=30),
    Load(what="enrolments", threads=16, unit=1, units=4, turns=8, bare=16),
    Load(what="enrolments", threads=16, unit=1, units=4, turns=8),
)

# Both journals grow to the size that they keep: on SQLite a flush costs several times as much until then.
WARMING = Load(what="enrolments", threads=1, unit=100, units=25, turns=1)


def new_device(name: str) -> NewDevice:
    """A device to enrol."""
    return NewDevice(name=name, helper_data=HELPER, identity="ab" * 32, codeword_key=bytes(32))


class Writer:
    """Writes units into one registry; every device has a name of its own."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self._number = 0
        self._lock = threading.Lock()

    def run(self, load: Load) -> None:
        """One round."""
        work = self._enrol if load.what == "enrolments" else self._append
        if load.threads == 1:
            self._units(work, load)
            return
        threads = [threading.Thread(target=self._units, args=(work, load)) for _ in range(load.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _units(self, work: Callable[[list[str]], None], load: Load) -> None:
        for _ in range(load.units):
            with self._lock:
                self._number += load.unit
                names = [f"device {number}" for number in range(self._number - load.unit, self._number)]
            work(names)

    def _enrol(self, names: list[str]) -> None:
        with self._store.unit() as registry:
            registry.enroll_devices(self._tenant, [new_device(name) for name in names])

    def _append(self, names: list[str]) -> None:
        with self._store._writers.unit() as tools:  # noqa: SLF001 - the log alone has no use-case
            now = utc_now()
            tools.log.extend(
                EntryKind.ENROLMENT,
                [
                    entries.enrolment(
                        tenant=self._tenant,
                        device=name,
                        salt=KEK,
                        name=name,
                        helper_digest="sha256:" + "0" * 64,
                        identity="ab" * 32,
                        commitment="hmac-sha256:" + "0" * 64,
                        possession=None,
                        at=now,
                    )
                    for name in names
                ],
            )


def appends(database: str, root: Path, url: str | None, bare_url: str | None, share: float) -> list[dict[str, Any]]:
    """A row for each load; `share` of the turns are taken."""
    directory = root / f"{database}-registry"
    init_store(directory, kek=KEK, database_url=url, origin="benchmark.example/log")
    with open_registry(directory, kek=KEK, database_url=url) as store, opened(directory, url) as written:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
        (row,) = written.query("SELECT * FROM tenant")
        place = root / f"{database}-bare"
        with copied(place, bare_url, row) as one, ExitStack() as stack:
            bare = [one, *(stack.enter_context(opened(place, bare_url)) for _ in range(15))]
            writer = Writer(store, tenant)
            _turn(WARMING, writer, written, bare)
            return [_measured(database, load, writer, written, bare, share) for load in LOADS]


def _measured(
    database: str, load: Load, writer: Writer, written: Bare, bare: list[Bare], share: float
) -> dict[str, Any]:
    """Turn by turn, so that both sides meet the same disk and the same neighbours."""
    turns = [_turn(load, writer, written, bare) for _ in range(max(2, round(share * load.turns)))]
    ours, theirs = sum(turn.ours for turn in turns), sum(turn.theirs for turn in turns)
    count, flushes = sum(turn.appends for turn in turns), sum(turn.flushes for turn in turns)
    found = {
        "database": database,
        "what": load.what,
        "threads": load.threads,
        "bare_connections": load.bare,
        "unit": load.unit,
        "appends": count,
        "appends_per_flush": round(count / flushes, 2),
        "appends_per_second": round(count / ours, 1),
        "ratio": round(theirs / ours, 3),
        "median_ratio": round(statistics.median(turn.theirs / turn.ours for turn in turns), 3),
    }
    print(found, flush=True)
    return found


@dataclass(frozen=True, kw_only=True)
class _Turn:
    ours: float
    theirs: float
    appends: int
    flushes: int


def _turn(load: Load, writer: Writer, written: Bare, bare: list[Bare]) -> _Turn:
    before = _size(written)
    ours = _seconds(lambda: writer.run(load))
    groups = written.sizes(before)
    alone = load.bare > 1
    transactions = written.transactions(range(before, groups[-1] + 1, load.unit) if alone else groups)
    theirs = _seconds(lambda: _insert(bare[: load.bare], transactions))
    return _Turn(ours=ours, theirs=theirs, appends=groups[-1] - before, flushes=len(groups) - 1)


def _insert(bare: list[Bare], transactions: list[Rows]) -> None:
    """Each connection in a thread of its own, the transactions dealt out in turn."""
    if len(bare) == 1:
        for rows in transactions:
            bare[0].insert(rows)
        return
    with ThreadPoolExecutor(len(bare)) as pool:
        hands = [(each, transactions[start :: len(bare)]) for start, each in enumerate(bare)]
        for done in [pool.submit(_insert, [each], hand) for each, hand in hands]:
            done.result()


def _size(written: Bare) -> int:
    ((size,),) = written.query("SELECT max(size) FROM checkpoint")
    return int(size)


def _seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds less those that this thread waited for a processor that others used (Linux, schedstat)."""
    start, waited = time.perf_counter(), _waited()
    work()
    waited = _waited() - waited
    return time.perf_counter() - start - waited


def _waited() -> float:
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
