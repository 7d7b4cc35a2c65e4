"""A log of 10^6 entries: what a proof costs at each size, how fast proofs are made and verified, and a whole audit."""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.registry.appends import KEK
from registry.log import entries, tree
from registry.log.checkpoint import open_checkpoint
from registry.log.monitor import CHECKPOINT, TILE, monitor
from registry.log.note import Ed25519Verifier
from registry.records import EntryKind
from registry.service import Registry
from registry.store import LOG_PUBLIC_FILE, Store, init_store, open_registry, utc_now

UNIT = 10_000
PROOFS = 600
TENANT = "ab" * 16


def sizes_up_to(most: int) -> list[int]:
    """10, 10^2, ... and the most."""
    return [*(10**power for power in range(1, 9) if 10**power < most), most]


def fill(directory: Path, most: int) -> None:
    """A log of so many enrolments (entries alone, without rows), signed at each power of ten."""
    init_store(directory, kek=KEK, origin="benchmark.example/log")
    with open_registry(directory, kek=KEK) as store:
        low = 0
        for high in sizes_up_to(most):
            while low < high:
                upper = min(high, low + UNIT)
                with store._writers.unit() as tools:  # noqa: SLF001 - the log alone has no use-case
                    tools.log.extend(EntryKind.ENROLMENT, [_enrolment(number) for number in range(low, upper)])
                low = upper


def _enrolment(number: int) -> dict[str, Any]:
    return entries.enrolment(
        tenant=TENANT,
        device=f"{number:032x}",
        salt=KEK,
        name="device",
        helper_digest="sha256:" + "0" * 64,
        identity="ab" * 32,
        commitment="hmac-sha256:" + "0" * 64,
        at=utc_now(),
    )


def proofs(directory: Path, most: int, share: float) -> list[dict[str, Any]]:
    """A row for each size: hashes in a proof, proofs made and verified a second; one log, seen at older checkpoints."""
    rng, count = random.Random("benchmarks/registry/proofs"), max(50, round(share * PROOFS))  # noqa: S311 - no secret
    with open_registry(directory, kek=KEK) as store, store.reading() as registry:
        return [_at(registry, size, rng, count) for size in sizes_up_to(most)]


def _at(registry: Registry, size: int, rng: random.Random, count: int) -> dict[str, Any]:
    indices = [rng.randrange(size) for _ in range(count)]
    made, seconds = _timed(lambda: [registry.proof(index, size=size) for index in indices])
    _, checking = _timed(
        lambda: [
            tree.verify_inclusion(each.leaf_hash, each.index, each.size, each.hashes, each.checkpoint.root)
            for each in made
        ]
    )
    olds = [rng.randrange(1, size + 1) for _ in range(count)]
    log = registry._ledger._log  # noqa: SLF001 - a consistency proof to an older checkpoint has no use-case
    grown, growing = _timed(lambda: [log.hashes(old, size) for old in olds])
    row = {
        "size": size,
        "hashes": round(statistics.mean(len(each.hashes) for each in made), 2),
        "consistency_hashes": round(statistics.mean(map(len, grown)), 2),
        "made_per_second": round(count / seconds),
        "verified_per_second": round(count / checking),
        "consistency_made_per_second": round(count / growing),
    }
    print(row, flush=True)
    return row


def audit_by_files(directory: Path) -> dict[str, Any]:
    """The monitor's audit of the whole log through its static files."""
    verifier = Ed25519Verifier.from_vkey((directory / LOG_PUBLIC_FILE).read_text())
    with open_registry(directory, kek=KEK) as store:
        report, seconds = _timed(lambda: monitor(_files(store), lambda note: open_checkpoint(note, verifier)))
    return {"size": report.size, "tiles": report.tiles, "seconds": round(seconds, 1), "audited": report.audited}


def _files(store: Store) -> Callable[[str], bytes]:
    def fetch(path: str) -> bytes:
        with store.reading() as registry:
            if path == CHECKPOINT:
                return registry.checkpoint().note.encode()
            return registry.tile(path.removeprefix(TILE)).data

    return fetch


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    done = work()
    return done, time.process_time() - start
