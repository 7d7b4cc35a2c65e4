"""Envelope encryption of single cells: one data key for each row, wrapped under a key-encryption key.

    data_key column:  "CMK1" || len(key id) || key id || wrapped data key      the only part that `rewrap` changes
    sealed column:    0x01 || nonce (12) || AES-256-GCM-SIV(data key, nonce, plaintext; table, tenant, row id, column)

The identity of the row and column is associated data, so a sealed value opens in its own place and nowhere else. A row
whose data key is gone (`None`) can never be opened again: that is how a row is forgotten with the log intact.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag

from registry.errors import SealBroken
from registry.keys.aead import cipher
from registry.keys.base import KeyProvider

_MAGIC, _VERSION = b"CMK1", b"\x01"
DATA_KEY_BYTES, NONCE_BYTES = 32, 12


@dataclass(frozen=True, slots=True)
class RowIdentity:
    """Which row a data key belongs to. `tenant` is empty for rows that belong to no tenant."""

    table: str
    tenant: str
    id: str

    def context(self, column: str = "") -> bytes:
        """Unambiguous bytes: each part with its length before it."""
        parts = [part.encode() for part in ("countermark/row/v1", self.table, self.tenant, self.id, column)]
        return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


class Sealer:
    """Seals and opens cells; every data key comes from `entropy` and leaves only wrapped."""

    def __init__(self, keys: KeyProvider, entropy: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._entropy = entropy

    def new_data_key(self, row: RowIdentity) -> bytes:
        """A fresh data key for the row, wrapped."""
        return self._wrap(self._entropy(DATA_KEY_BYTES), row)

    def seal_first(self, row: RowIdentity, column: str, plaintext: bytes) -> tuple[bytes, bytes]:
        """A fresh data key for the row, wrapped, and the plaintext sealed under it, without asking to unwrap it."""
        plain = self._entropy(DATA_KEY_BYTES)
        return self._wrap(plain, row), self._seal(plain, row, column, plaintext)

    def seal(self, data_key: bytes, row: RowIdentity, column: str, plaintext: bytes) -> bytes:
        """The plaintext, sealed for this cell."""
        return self._seal(self._unwrap(data_key, row), row, column, plaintext)

    def open(self, data_key: bytes | None, row: RowIdentity, column: str, sealed: bytes) -> bytes:
        """The plaintext of this cell.

        Raises:
            SealBroken: altered, moved from another cell, or its data key was destroyed.
            UnknownKey: wrapped under a key-encryption key that was not given.
        """
        if data_key is None:
            raise SealBroken(f"the data key of {row.table} {row.id} was destroyed; its sealed values are gone for good")
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if sealed[:1] != _VERSION:
            raise SealBroken(f"{row.table}.{column} of {row.id} is not a sealed value of a known version")
        try:
            return cipher(self._unwrap(data_key, row)).decrypt(nonce, ciphertext, row.context(column))
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"{row.table}.{column} of {row.id} was altered, or moved from another row") from error

    @property
    def current(self) -> str:
        """Id of the key-encryption key that new data keys are wrapped under."""
        return self._keys.current

    @property
    def place(self) -> str:
        """Where the key-encryption keys are, for people."""
        return self._keys.place

    def rewrap(self, data_key: bytes, row: RowIdentity) -> bytes:
        """The same data key under the current key-encryption key; sealed values stay as they are."""
        return self._wrap(self._unwrap(data_key, row), row)

    def _seal(self, plain: bytes, row: RowIdentity, column: str, plaintext: bytes) -> bytes:
        nonce = self._entropy(NONCE_BYTES)
        return _VERSION + nonce + cipher(plain).encrypt(nonce, plaintext, row.context(column))

    def _wrap(self, plain: bytes, row: RowIdentity) -> bytes:
        key_id, wrapped = self._keys.wrap(plain, row.context())
        return header(key_id) + wrapped

    def _unwrap(self, data_key: bytes, row: RowIdentity) -> bytes:
        key_id = wrapped_under(data_key)
        return self._keys.unwrap(key_id, data_key[len(header(key_id)) :], row.context())


def header(key_id: str) -> bytes:
    """What a data key wrapped under the key of this id starts with."""
    return _MAGIC + bytes([len(key_id)]) + key_id.encode("ascii")


def wrapped_under(data_key: bytes) -> str:
    """Id of the key-encryption key that a data key is wrapped under.

    Raises:
        SealBroken: not a wrapped data key.
    """
    length = data_key[4] if len(data_key) > 4 else 0
    name = data_key[5 : 5 + length]
    if not data_key.startswith(_MAGIC) or not length or len(name) != length or not name.isascii():
        raise SealBroken("a data key has no header of a known version; it was altered")
    return name.decode("ascii")
