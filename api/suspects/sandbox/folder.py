"""The folder of one run: locked as long as it is used, so that the next run removes what a killed one left behind."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

PREFIX = "countermark-run-"
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextmanager
def new_folder() -> Iterator[Path]:
    """A new folder for its owner alone, removed at the end; folders whose programs were killed are removed first."""
    for left in Path(gettempdir()).glob(f"{PREFIX}*"):
        _remove(left)
    made = TemporaryDirectory(prefix=PREFIX)
    lock = os.open(made.name, _OPEN)
    try:
        with made as place:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(place)
    finally:
        os.close(lock)


def _remove(left: Path) -> None:
    """Remove a folder that nobody uses: nothing is in one before it is locked, and its lock ends with its program."""
    with suppress(OSError):  # another user's, in use, or being removed by another run
        lock = os.open(left, _OPEN)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_uid == os.geteuid() and any(left.iterdir()):
                shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(lock)
