"""Key-encryption keys given as bytes, or kept in a file that only its owner can read.

The file holds one key a line in hexadecimal, the current one first; the rest only unwrap what they wrapped. A key's id
is made from the key (first 8 bytes of SHA-256 under a domain tag), so a key has the same id wherever it is kept.
"""

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from registry.blobs import flush_directory
from registry.errors import KeyFileUnsafe, MalformedValue, RotatedElsewhere, SealBroken, StoreMissing, UnknownKey
from registry.keys.aead import cipher
from registry.keys.base import Wrapped

KEY_BYTES, NONCE_BYTES = 32, 12
_WRAP_TAG = b"countermark/wrap/v1\x00"


def key_id(key: bytes) -> str:
    """The id of a key-encryption key: 16 hexadecimal digits.

    Example:
        >>> key_id(bytes(32))
        '58a1a83b413ceaff'
    """
    return hashlib.sha256(b"countermark/kek-id/v1\x00" + key).digest()[:8].hex()


class LocalKeys:
    """A `KeyProvider` over keys in memory, the current one first; its representation shows ids only."""

    def __init__(self, keys: Sequence[bytes], entropy: Callable[[int], bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise MalformedValue(f"a key-encryption key has {KEY_BYTES} bytes; give one or more of them")
        self._ciphers: dict[str, AESGCMSIV] = {key_id(key): cipher(key) for key in keys}
        self._current = key_id(keys[0])
        self._entropy = entropy

    def __repr__(self) -> str:
        return f"LocalKeys({', '.join(self._ciphers)})"

    @property
    def current(self) -> str:
        """Id of the first key."""
        return self._current

    @property
    def place(self) -> str:
        """They were given as bytes."""
        return "given"

    def rotate(self) -> str:
        """Refused: whoever gave the keys gives a new one first. Raises RotatedElsewhere."""
        raise RotatedElsewhere(
            "the keys were given; give a new one before them, open the registry with both and rewrap"
        )

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """A nonce, then AES-256-GCM-SIV(current key, nonce, data key; context)."""
        nonce = self._entropy(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, data_key, _WRAP_TAG + context)
        return Wrapped(self._current, nonce + sealed)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key. Raises UnknownKey, SealBroken."""
        if key_id not in self._ciphers:
            raise UnknownKey(
                f"something is sealed under the key {key_id}, which was not given; add it after the current one"
            )
        try:
            return self._ciphers[key_id].decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _WRAP_TAG + context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a data key does not unwrap here: it was altered, or moved from another row") from error


def split_keys(data: bytes) -> tuple[bytes, ...]:
    """Keys of 32 bytes written one after the other, the current one first. Raises MalformedValue."""
    if not data or len(data) % KEY_BYTES:
        raise MalformedValue(f"the key-encryption key has {len(data)} bytes; give 32, or 32 for each key, newest first")
    return tuple(data[start : start + KEY_BYTES] for start in range(0, len(data), KEY_BYTES))


def create_private_file(path: Path, text: str) -> None:
    """A new file of mode 0600, whole or not at all; it and its name are on the disk when this returns.

    Raises:
        FileExistsError: there is one already; it is left as it is.
    """
    descriptor, other = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        _write(descriptor, text)
        os.link(other, path)
    finally:
        Path(other).unlink()
    flush_directory(path.parent)


def _write(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_private_file(path: Path) -> str:
    """The text of a file that nobody but its owner may read or write. Raises as `look_into_private_file`."""
    return look_into_private_file(path)[0]


def look_into_private_file(path: Path) -> tuple[str, os.stat_result]:
    """The text of a file that nobody but its owner may read or write, and its state when that was read.

    Raises:
        StoreMissing: no such file.
        KeyFileUnsafe: group or others have any right to it.
        MalformedValue: not ASCII.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise StoreMissing(f"there is no key file {path}; initialise the store, or give the key") from error
    with os.fdopen(descriptor, encoding="ascii") as file:
        state = os.fstat(file.fileno())
        mode = stat.S_IMODE(state.st_mode)
        if mode & 0o077:
            raise KeyFileUnsafe(f"{path} has mode {mode:04o}, so others can use the key; run: chmod 600 {path}")
        try:
            return file.read(), state
        except UnicodeDecodeError as error:
            raise MalformedValue(f"{path} is not a key file: a key file is ASCII text") from error


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys in a key file, the current one first. Raises StoreMissing, KeyFileUnsafe, MalformedValue."""
    return parse_keys(read_private_file(path), path)


def parse_keys(text: str, path: Path) -> tuple[bytes, ...]:
    """The keys in the text of a key file, the current one first. Raises MalformedValue."""
    try:
        keys = tuple(bytes.fromhex(line) for line in text.split())
    except ValueError as error:
        raise MalformedValue(f"{path} is not a key file: one key a line in hexadecimal") from error
    return split_keys(b"".join(keys))


def replace_private_file(path: Path, change: Callable[[str], str]) -> None:
    """Another text in the same file, made from the one in it: all of it or, after a crash, none. One at a time.

    Its time of change is later than the last one's, however fast one follows the other and whatever the clock says.
    """
    with alone_with(path):
        other = path.with_name(f".{path.name}.new")
        other.unlink(missing_ok=True)
        changed = change(read_private_file(path))
        _write(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), changed)
        made, later = other.stat(), path.stat().st_mtime_ns + 1
        os.utime(other, ns=(made.st_atime_ns, max(made.st_mtime_ns, later)))
        other.replace(path)
        flush_directory(path.parent)


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Nobody else replaces the file meanwhile, neither a thread nor a process; not to be held twice by one thread."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """A new key file. Raises FileExistsError."""
    create_private_file(path, "".join(key.hex() + "\n" for key in keys))
