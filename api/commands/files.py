"""Files that commands read and write. Nothing is ever overwritten; what is secret is for its owner alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


class FileProblem(Exception):
    """A file that cannot be read or written."""


def read(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        FileProblem: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror}; check the path") from error


def write(path: Path, data: bytes, *, mode: int = PUBLIC) -> None:
    """Write a new file with the mode, whatever the umask lets through; what cannot be written whole is removed again.

    Raises:
        FileProblem: it exists, or it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with _whole(path), os.fdopen(handle, "wb") as stream:
            stream.write(data)
    except FileExistsError as error:
        raise FileProblem(f"{path} exists and is not overwritten; move it away or choose another name") from error
    except OSError as error:
        raise FileProblem(f"cannot write {path}: {error.strerror}; check the directory") from error


@contextmanager
def _whole(new: Path) -> Iterator[None]:
    """Remove a file of our own making if it was not finished, or was interrupted."""
    try:
        yield
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def check_free(path: Path) -> None:
    """Return if a new file can be made at the path, before anything else is done.

    Raises:
        FileProblem: it exists, or its directory does not.
    """
    if path.exists():
        raise FileProblem(f"{path} exists and is not overwritten; move it away or choose another name")
    if not path.parent.is_dir():
        raise FileProblem(f"there is no directory {path.parent}; make it first")
