"""What a witness remembers: for each log, the newest checkpoint that it cosigned.

Comparing and replacing it is one step under a lock, or two requests could take a log back. The replacement is on the
disk before the cosignature leaves. Who can change these files can make the witness cosign a rewritten history.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from registry.blobs import write_durably
from registry.log.checkpoint import parse_checkpoint
from registry.records import Checkpoint


class Slot(Protocol):
    """One log's place, held exclusively."""

    @property
    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that was cosigned."""

    def replace(self, checkpoint: Checkpoint) -> None:
        """Remember this one instead; durable when it returns."""


class WitnessState(Protocol):
    """Where a witness remembers."""

    def hold(self, origin: str) -> AbstractContextManager[Slot]:
        """The log's place, closed to everybody else until the block ends."""


class FileSlot:
    """A file with the checkpoint's note."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._latest = parse_checkpoint(path.read_text(encoding="utf-8")) if path.exists() else None

    @property
    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that was cosigned."""
        return self._latest

    def replace(self, checkpoint: Checkpoint) -> None:
        """Write another file, flush it, rename it."""
        write_durably(self._path, checkpoint.note.encode())
        self._latest = checkpoint


class FileState:
    """A directory with a file for each log; the lock is the operating system's, so processes may share it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    @contextmanager
    def hold(self, origin: str) -> Iterator[Slot]:
        """The log's place. The lock is released by the operating system even if the process is killed."""
        name = hashlib.sha256(origin.encode()).hexdigest()
        with (self._directory / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield FileSlot(self._directory / f"{name}.checkpoint")
