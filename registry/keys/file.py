"""Key-encryption keys in a file that only its owner can read: read again for a key that it has since got."""

from collections.abc import Callable
from pathlib import Path

from registry.errors import UnknownKey
from registry.keys.base import Wrapped
from registry.keys.local import KEY_BYTES, LocalKeys, key_id, read_keys, replace_private_file, write_keys

Entropy = Callable[[int], bytes]


class FileKeys:
    """A `KeyProvider` over a key file (`registry.keys.local`).

    A service that runs while the file is rotated elsewhere reads it again as soon as it meets a row under the new key.

    Raises:
        StoreMissing, KeyFileUnsafe, MalformedValue: what `read_keys` found.
    """

    def __init__(self, path: Path, entropy: Entropy) -> None:
        self._path = path
        self._entropy = entropy
        self._keys = self._read()

    def __repr__(self) -> str:
        return f"FileKeys({self._path}, {self._keys!r})"

    @classmethod
    def create(cls, path: Path, entropy: Entropy) -> "FileKeys":
        """A new file with one key, unless there is a file already."""
        if not path.exists():
            write_keys(path, [entropy(KEY_BYTES)])
        return cls(path, entropy)

    @property
    def current(self) -> str:
        """Id of the first key."""
        return self._keys.current

    @property
    def place(self) -> str:
        """The file's path."""
        return f"file:{self._path}"

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """As `LocalKeys`."""
        return self._keys.wrap(data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """As `LocalKeys`, after another look into the file if the key is unknown. Raises UnknownKey, SealBroken."""
        try:
            return self._keys.unwrap(key_id, wrapped, context)
        except UnknownKey:
            self._keys = self._read()
            return self._keys.unwrap(key_id, wrapped, context)

    def rotate(self) -> str:
        """A new key before the ones in the file; of two at once, the later one ends current for both."""
        new = self._entropy(KEY_BYTES)
        replace_private_file(self._path, lambda text: f"{new.hex()}\n{text}")
        self._keys = self._read()
        return key_id(new)

    def _read(self) -> LocalKeys:
        return LocalKeys(read_keys(self._path), self._entropy)
