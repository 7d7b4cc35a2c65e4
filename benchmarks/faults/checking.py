"""After a fault: open the registry again, and look for everything that was ever acknowledged."""

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults.writers import Acknowledged, Place
from registry.errors import Inconsistent, ProofInvalid, Tampered, UnknownEntry
from registry.log import tree
from registry.service import Registry


@dataclass(slots=True)
class Ledger:
    """What was acknowledged over all faults of a row, and what was found again."""

    place: Place
    acknowledged: list[Acknowledged] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    inconsistent: int = 0

    def recover(self, said: Iterable[Acknowledged]) -> None:
        """Open the registry after a fault, timed, and compare with what was said since the last one."""
        new = list(said)
        start = time.perf_counter()
        with self.place.open() as store:
            self.recovery.append(time.perf_counter() - start)
            with store.reading() as registry:
                self.inconsistent += sum(not _extends(registry, size, root) for size, root in _checkpoints(new))
        self.acknowledged += new

    def row(self, fault: str, kills: int) -> dict[str, Any]:
        """The row: everything looked for once more, and the whole registry audited."""
        with self.place.open() as store:
            with store.reading() as registry:
                found = sum(_found(registry, each) for each in self.acknowledged)
                wrong = sum(not _extends(registry, *each) for each in _checkpoints(self.acknowledged))
            try:
                report = store.audit()
                wrong += report.size != report.published
            except (Tampered, Inconsistent):
                wrong += 1
        start = time.perf_counter()
        with self.place.open():
            clean = time.perf_counter() - start
        seconds = statistics.median(self.recovery)
        return {
            "fault": fault,
            "store": "sqlite" if self.place.url is None else "postgresql",
            "kills": kills,
            "acknowledged": len(self.acknowledged),
            "found": found,
            "lost": len(self.acknowledged) - found,
            "inconsistent_checkpoints": self.inconsistent + wrong,
            "recovery_seconds": round(seconds, 4),
            "recovery_over_clean_opening": round(seconds / clean, 2),
        }


def _checkpoints(said: Iterable[Acknowledged]) -> set[tuple[int, bytes]]:
    return {(each.size, each.root) for each in said}


def _found(registry: Registry, each: Acknowledged) -> bool:
    try:
        return tree.leaf_hash(registry.entry(each.index).data) == each.leaf
    except UnknownEntry:
        return False


def _extends(registry: Registry, size: int, root: bytes) -> bool:
    """Whether the log as it is now extends a checkpoint that somebody saw."""
    try:
        proof = registry.consistency(size)
        if size:
            tree.verify_consistency(size, proof.size, proof.hashes, root, proof.checkpoint.root)
    except (UnknownEntry, ProofInvalid):
        return False
    return True
