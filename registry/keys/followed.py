"""A key file that others may rotate while it is in use: what was made of its text, made anew once the text is another.

Looked at before each wrapping, so that nothing is ever wrapped under a key that has left the file. Times and inodes of
a file can be those of another one; its text cannot.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from registry.keys.local import read_private_file

T = TypeVar("T")


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
        text = read_private_file(path)
        self._known = text, made(text)

    @property
    def known(self) -> T:
        """As the file was when it was last looked at."""
        return self._known[1]

    def now(self) -> T:
        """As the file is. Raises StoreMissing, KeyFileUnsafe, and what making it of the text raises."""
        text, (before, known) = read_private_file(self.path), self._known
        if text == before:
            return known
        made = self._made(text)
        self._known = text, made
        return made
