"""What is timed: each thing in turn with what it is compared with, many times over, the median of each.

Times are of processors, the database server's included: a machine that does other work at the same time adds nothing.
"""

import os
import re
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.scale.filling import KEK, RELEASE, TENANT, make_pack
from benchmarks.scale.making import digest_of, name_of
from fingerprint import codeword, seeds
from registry.keys.local import LocalKeys
from registry.sealing import Sealer
from registry.service import Registry
from registry.store import Store
from registry.usecases.devices import device_row
from registry.verification import weigh

PAGE, REPEATS = 100, 100
_BARE = 20_000  # keys opened without a database
Clock = Callable[[], float]


def median(tasks: dict[str, Callable[[], object]], clock: Clock, repeats: int = REPEATS) -> dict[str, float]:
    """Seconds of each task, the median of several rounds in ever another order; a first round is not counted.

    Not the least: a server may be charged for the end of a task while the next one is timed.
    """
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    order = seeds.stream("benchmark", "scale", "order")
    for number in range(repeats + 1):
        for name in order.permutation(sorted(tasks)).tolist():
            started = clock()
            tasks[name]()
            if number:
                taken[name].append(clock() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


def queries(small: Store, large: Store, few: int, many: int, clock: Clock) -> dict[str, Any]:
    """Pages at the start and the end of lists, and look-ups among few and among many, as ratios."""

    def ask(store: Store, question: Callable[[Registry, str], object]) -> Callable[[], object]:
        def task() -> object:
            with store.reading() as registry:
                return question(registry, tenant[id(store)])

        return task

    tenant = {id(store): _tenant(store) for store in (small, large)}
    last_name, last_copy = name_of(many - PAGE - 1), str(3 * (many - PAGE) - 1)
    pages = median(
        {
            "devices, first": ask(large, lambda r, t: r.devices(t, limit=PAGE)),
            "devices, last": ask(large, lambda r, t: r.devices(t, after=last_name, limit=PAGE)),
            "copies, first": ask(large, lambda r, t: r.copies(t, RELEASE, limit=PAGE)),
            "copies, last": ask(large, lambda r, t: r.copies(t, RELEASE, after=last_copy, limit=PAGE)),
        },
        clock,
    )
    found = median(
        {
            "digest, few": ask(small, lambda r, t: r.copies_of_artefact(t, digest_of(few // 2))),
            "digest, many": ask(large, lambda r, t: r.copies_of_artefact(t, digest_of(many // 2))),
            "name, few": ask(small, lambda r, t: r.device(t, name_of(few // 2))),
            "name, many": ask(large, lambda r, t: r.device(t, name_of(many // 2))),
        },
        clock,
    )
    _check(large, tenant[id(large)], many, last_name, last_copy)
    return {
        "seconds": {**pages, **found},
        "devices_last_to_first": pages["devices, last"] / pages["devices, first"],
        "copies_last_to_first": pages["copies, last"] / pages["copies, first"],
        "digest_many_to_few": found["digest, many"] / found["digest, few"],
        "name_many_to_few": found["name, many"] / found["name, few"],
    }


def _check(store: Store, tenant: str, many: int, last_name: str, last_copy: str) -> None:
    """What was timed is what it is taken for: full last pages, and one copy for a digest."""
    with store.reading() as registry:
        for page in (
            registry.devices(tenant, after=last_name, limit=PAGE),
            registry.copies(tenant, RELEASE, after=last_copy, limit=PAGE),
        ):
            if len(page.items) != PAGE or page.next is not None:
                raise AssertionError(f"the last page has {len(page.items)} items and goes on at {page.next}")
        if len(registry.copies_of_artefact(tenant, digest_of(many // 2)).items) != 1:
            raise AssertionError("a digest finds another number of copies than one")


def streaming(store: Store, many: int, clock: Clock) -> dict[str, Any]:
    """The first verdict, which unseals every copy's key, the later ones, which do not, and the memory that it takes."""
    tenant = _tenant(store)
    with store.unit() as registry:
        case = registry.open_case(tenant, RELEASE, suspect="somebody").id
    pack = make_pack()
    answers = pack.references["clean"] + seeds.stream("benchmark", "scale", "suspect").normal(size=(pack.count, 10))

    def judge() -> None:
        with store.reading() as registry:
            weighed = weigh(registry, tenant, case, kind="logits", answers=answers)
        if weighed.verdict.devices != many:
            raise AssertionError(f"{weighed.verdict.devices} devices were judged, not {many}")

    before, started = _peak(), clock()
    with store.reading() as registry:
        held = registry.codebook(tenant, RELEASE).codewords
    streamed, after = clock() - started, _peak()
    if held.count != many:
        raise AssertionError(f"{held.count} codewords are held, not {many}")
    bare = _bare(held.release, held.bits)
    judged = median({"verdict": judge}, clock, repeats=3)["verdict"]
    return {
        "copies": many,
        "bits": held.bits,
        "seconds": {"first": streamed, "verdict": judged, "bare": bare * many},
        "copies_per_second": many / streamed,
        "speed_of_bare": bare * many / streamed,
        "first_to_later": (streamed + judged) / judged,
        "packed_bytes": held.blocks().words.nbytes,
        "matrix_bytes": many * held.bits,
        "peak_memory_bytes": _peak(),
        "peak_memory_growth_bytes": after - before,
    }


def auditing(store: Store, many: int, clock: Clock) -> dict[str, Any]:
    """The operator's audit: every entry, row, stored hash and sealed key, and the memory that it takes."""
    before, started = _peak(), clock()
    report = store.audit()
    taken, after = clock() - started, _peak()
    if (report.rows["devices"], report.rows["copies"], report.opened) != (many, many, 2 * many + 1):
        raise AssertionError(f"the audit saw {report.rows} and opened {report.opened}, not {many} devices and copies")
    return {
        "entries": report.size,
        "opened": report.opened,
        "nodes": report.nodes,
        "seconds": taken,
        "seconds_per_entry": taken / report.size,
        "peak_memory_bytes": after,
        "peak_memory_growth_bytes": after - before,
    }


def _bare(release: str, bits: int) -> float:
    """Seconds to open a key and derive its codeword, a copy, with no database anywhere."""
    sealer = Sealer(LocalKeys([KEK], os.urandom), os.urandom)
    rows = [device_row("0" * 32, os.urandom(16).hex()) for _ in range(_BARE)]
    sealed = [(row, key, sealer.seal(key, row, "codeword_key", bytes(32))) for row, key in _keys(sealer, rows)]
    nonce, started = bytes(32), time.process_time()
    for row, data_key, cell in sealed:
        key = sealer.open(data_key, row, "codeword_key", cell)
        codeword.pack_bits(codeword.derive(key, release=release, nonce=nonce, length=bits))
    return (time.process_time() - started) / _BARE


def _keys(sealer: Sealer, rows: Iterable[Any]) -> Iterable[tuple[Any, bytes]]:
    return ((row, sealer.new_data_key(row)) for row in rows)


def _tenant(store: Store) -> str:
    with store.reading() as registry:
        return registry.tenant(TENANT).id


def _peak() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")  # ru_maxrss would count the parent before exec
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024
