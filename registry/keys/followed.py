"""A key file that others may rotate while it is in use: what was made of its text, made anew once the file is another.

Looked at before each wrapping, so that nothing is ever wrapped under a key that has left the file. That it is the same
is told by its state, for reading it would slow enrolment down; whoever replaces it sees to it that no two have the same
(`registry.keys.local.replace_private_file`).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from registry.keys.local import look_into_private_file

T = TypeVar("T")
_State = tuple[int, ...]


class Followed(Generic[T]):
    """What a key file says; threads may share it.

    Args:
        path: of the file, mode 0600.
        made: what is made of its text.

    Raises:
        StoreMissing, KeyFileUnsafe: no such file, or others can read it.
    """

    def __init__(self, path: Path, made: Callable[[str], T]) -> None:
        self.path = path
        self._made = made
        self._known = self._read()

    @property
    def known(self) -> T:
        """As the file was when it was last looked at."""
        return self._known[1]

    def now(self) -> T:
        """As the file is. Raises StoreMissing, KeyFileUnsafe, and what making it of the text raises."""
        state, known = self._known  # one attribute, for they belong together
        if self._state() == state:
            return known
        self._known = _, made = self._read()
        return made

    def _read(self) -> tuple[_State, T]:
        text, found = look_into_private_file(self.path)
        return _state(found), self._made(text)

    def _state(self) -> _State | None:
        """Of the file when it is opened: over a network, looking at its name alone may tell of one that was there."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            return _state(os.fstat(descriptor))
        finally:
            os.close(descriptor)


def _state(found: os.stat_result) -> _State:
    """What changes with the file: where it is, who may read it, its size and times."""
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
