"""A log in memory, for tests that need many entries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from registry.log.log import Log, Place
from registry.log.note import Ed25519Signer, Signature
from registry.log.tree import Node
from registry.records import Checkpoint, EntryKind, TimeStamp


@dataclass
class MemoryStorage:
    """`LogStorage` in memory."""

    data: list[bytes] = field(default_factory=list)
    stored: dict[Node, bytes] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    cosigned: dict[int, list[Signature]] = field(default_factory=dict)

    def lock(self) -> None:
        """There is one writer."""

    def size(self) -> int:
        """Number of entries."""
        return len(self.data)

    def entry(self, index: int) -> bytes | None:
        """The entry's bytes."""
        return self.data[index] if 0 <= index < len(self.data) else None

    def entries(self, low: int, high: int) -> Sequence[bytes]:
        """Some entries."""
        return self.data[low:high]

    def nodes(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        """Stored subtrees."""
        return {node: self.stored[node] for node in nodes}

    def locked_tip(self) -> tuple[int, bytes | None, Checkpoint | None]:
        """Number of entries, the last one's leaf and the newest checkpoint."""
        return len(self.data), self.stored.get(Node(0, len(self.data) - 1)), self.latest()

    def append(self, index: int, data: Sequence[bytes], completed: Sequence[tuple[Node, bytes]]) -> None:
        """Store entries."""
        assert index == len(self.data)
        self.data.extend(data)
        self.stored.update(completed)

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint."""
        return self.checkpoints[-1] if self.checkpoints else None

    def checkpoint(self, size: int) -> Checkpoint | None:
        """The checkpoint of that size."""
        return next((each for each in self.checkpoints if each.size == size), None)

    def add_checkpoint(self, checkpoint: Checkpoint, signed_at: datetime) -> None:
        """Store a checkpoint."""
        self.checkpoints.append(checkpoint)

    def cosignatures(self, size: int) -> Sequence[Signature]:
        """Cosignatures of a checkpoint."""
        return self.cosigned.get(size, [])

    def timestamps(self, index: int, limit: int, after: Place | None) -> Sequence[TimeStamp]:
        """There is no authority."""
        return []


@pytest.fixture(scope="session")
def empty_storage() -> type[MemoryStorage]:
    """Makes empty logs."""
    return MemoryStorage


@pytest.fixture(scope="session")
def memory_log() -> Callable[[int], MemoryStorage]:
    """Makes a signed log of so many entries, in memory."""

    def make(size: int) -> MemoryStorage:
        storage = MemoryStorage()
        log = Log(storage, Ed25519Signer("example.com/log", bytes(32)), lambda: datetime(2026, 11, 24, tzinfo=UTC))
        for number in range(size):
            log.append(EntryKind.ISSUE, {"number": number})
        log.publish()
        return storage

    return make
