"""Key-encryption keys in a file that only its owner can read, and that others may rotate."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from registry.errors import UnknownKey
from registry.keys.base import Wrapped
from registry.keys.followed import Followed
from registry.keys.local import KEY_BYTES, LocalKeys, key_id, parse_keys, replace_private_file, write_keys

Entropy = Callable[[int], bytes]


class FileKeys:
    """A `KeyProvider` over a key file (`registry.keys.local`).

    A service that runs while the file is rotated elsewhere wraps under the new key at once, and so under no key that
    has left the file; it unwraps what it could before.

    Raises:
        StoreMissing, KeyFileUnsafe, MalformedValue: what `read_keys` found.
    """

    def __init__(self, path: Path, entropy: Entropy) -> None:
        self._entropy = entropy
        self._file = Followed(path, lambda text: LocalKeys(parse_keys(text, path), entropy))

    def __repr__(self) -> str:
        return f"FileKeys({self._file.path}, {self._file.known!r})"

    @classmethod
    def create(cls, path: Path, entropy: Entropy) -> "FileKeys":
        """A new file with one key, unless there is a file already."""
        if not path.exists():
            with suppress(FileExistsError):  # one that somebody else has just made
                write_keys(path, [entropy(KEY_BYTES)])
        return cls(path, entropy)

    @property
    def current(self) -> str:
        """Id of the first key in the file."""
        return self._file.now().current

    @property
    def place(self) -> str:
        """The file's path."""
        return f"file:{self._file.path}"

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """As `LocalKeys`, under the key that is first in the file now. Raises StoreMissing, if it is gone."""
        return self._file.now().wrap(data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """As `LocalKeys`, after another look into the file if the key is unknown. Raises UnknownKey, SealBroken."""
        try:
            return self._file.known.unwrap(key_id, wrapped, context)
        except UnknownKey:
            return self._file.now().unwrap(key_id, wrapped, context)

    def rotate(self) -> str:
        """A new key before the ones in the file; of two at once, the later one ends current for both."""
        new = self._entropy(KEY_BYTES)
        replace_private_file(self._file.path, lambda text: f"{new.hex()}\n{text}")
        return key_id(new)
