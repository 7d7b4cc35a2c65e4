"""Verifier packs, suspects' answers and uploaded models, sealed, as files named by their digest.

A file appears whole or not at all: it is written under another name, flushed to the disk, then renamed. Its digest is
checked whenever it is read. Whoever can write here can delete packs or add unknown ones, and cannot change one unseen.
"""

import os
import tempfile
from pathlib import Path

from fingerprint import canonical
from registry.errors import BlobTampered


class PackFiles:
    """Content-addressed files in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their digest; keeping the same bytes twice keeps them once."""
        digest = canonical.digest(data)
        target = self._path(digest)
        if not target.exists():
            write_durably(target, data)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of that digest.

        Raises:
            BlobTampered: gone, or no longer the bytes of that digest.
        """
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError as error:
            raise BlobTampered(f"the file of {digest} is gone from {self._directory}; restore it") from error
        if canonical.digest(data) != digest:
            raise BlobTampered(f"the file of {digest} holds other bytes than it was written with; restore it")
        return data

    def remove(self, digest: str) -> None:
        """Remove the file of that digest; nothing, if it is gone already."""
        self._path(digest).unlink(missing_ok=True)

    def state(self, digest: str) -> tuple[int, ...]:
        """What changes when somebody touches the file of that digest: inode, size, times of change.

        Raises:
            BlobTampered: it is gone.
        """
        try:
            found = self._path(digest).stat()
        except FileNotFoundError as error:
            raise BlobTampered(f"the file of {digest} is gone from {self._directory}; restore it") from error
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _path(self, digest: str) -> Path:
        return self._directory / digest.removeprefix("sha256:")


def write_durably(target: Path, data: bytes) -> None:
    """Put the bytes under that name, whole or not at all, in the place of what was there; durable when it returns."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    flush_directory(target.parent)


def flush_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
