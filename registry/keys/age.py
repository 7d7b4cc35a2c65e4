"""Key-encryption keys as age identities (https://age-encryption.org/v1), so that data keys can be opened in escrow.

Every data key is an age file for the registry's own recipient and, if any are given, for escrow holders: whoever holds
one of their identities can open the registry's rows with the `age` tool and the database, without the registry.

    age(data key (32) || HMAC-SHA256(HKDF(identity), context || data key))

Anybody can encrypt for a recipient, so the HMAC says that it was the registry, and for which row. The id of a key is
its recipient, which is public. The file holds one identity a line (`age-keygen`), the current one first; `#` begins a
remark.
"""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from registry.errors import MalformedValue, SealBroken, UnknownKey
from registry.extras import need
from registry.keys.base import Wrapped
from registry.keys.followed import Followed
from registry.keys.local import create_private_file, replace_private_file

DATA_KEY_BYTES, TAG_BYTES = 32, 32
_REMARK = "#"


class AgeKeys:
    """A `KeyProvider` over a file of age identities.

    Args:
        path: of the file, mode 0600.
        escrow: recipients (`age1...`) that every data key is wrapped for besides.

    Raises:
        StoreMissing, KeyFileUnsafe: no such file, or others can read it.
        MalformedValue: no identity in it, or a recipient that is none.
        ExtraMissing: pyrage is not installed.
    """

    def __init__(self, path: Path, escrow: Sequence[str] = ()) -> None:
        self._escrow = [_recipient(each) for each in escrow]
        self._file = Followed(path, lambda text: _identities(text, path))

    def __repr__(self) -> str:
        return f"AgeKeys({', '.join(self._file.known)})"

    @classmethod
    def create(cls, path: Path, escrow: Sequence[str] = ()) -> "AgeKeys":
        """A new file with one identity, unless there is a file already."""
        if not path.exists():
            with suppress(FileExistsError):  # one that somebody else has just made
                create_private_file(path, f"{_library().x25519.Identity.generate()}\n")
        return cls(path, escrow)

    @property
    def current(self) -> str:
        """Recipient of the first identity in the file."""
        return next(iter(self._file.now()))

    @property
    def place(self) -> str:
        """The file's path."""
        return f"age:{self._file.path}"

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """An age file for the identity that is first in the file now, and the escrow holders."""
        current, identity = next(iter(self._file.now().items()))
        tag = hmac.digest(_mac_key(identity), context + data_key, "sha256")
        wrapped: bytes = _library().encrypt(data_key + tag, [identity.to_public(), *self._escrow])
        return Wrapped(current, wrapped)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key. Raises UnknownKey, SealBroken."""
        identity, library = self._identity(key_id), _library()
        try:
            opened: bytes = library.decrypt(wrapped, [identity])
        except library.DecryptError as error:
            raise SealBroken("a data key does not unwrap here: it was altered") from error
        data_key, tag = opened[:-TAG_BYTES], opened[-TAG_BYTES:]
        if not hmac.compare_digest(tag, hmac.digest(_mac_key(identity), context + data_key, "sha256")):
            raise SealBroken("a data key does not unwrap here: it was moved from another row, or made by a stranger")
        return data_key

    def rotate(self) -> str:
        """A new identity before the ones in the file."""
        made = _library().x25519.Identity.generate()
        replace_private_file(self._file.path, lambda text: f"{made}\n{text}")
        return str(made.to_public())

    def _identity(self, key_id: str) -> Any:
        found = self._file.known if key_id in self._file.known else self._file.now()
        if key_id not in found:
            raise UnknownKey(f"something is sealed under the key {key_id}; add its identity to {self._file.path}")
        return found[key_id]


def _identities(text: str, path: Path) -> dict[str, Any]:
    """Identities by recipient, in the order of the file."""
    library = _library()
    lines = [line.strip() for line in text.splitlines()]
    try:
        found = [library.x25519.Identity.from_str(line) for line in lines if line and line[0] != _REMARK]
    except library.IdentityError as error:
        raise MalformedValue(f"{path} holds a line that is no age identity: {error}") from error
    if not found:
        raise MalformedValue(f"{path} holds no age identity; make one with: age-keygen")
    return {str(each.to_public()): each for each in found}


def _recipient(text: str) -> Any:
    library = _library()
    try:
        return library.x25519.Recipient.from_str(text)
    except library.RecipientError as error:
        raise MalformedValue(f"'{text}' is no age recipient: {error}") from error


def _mac_key(identity: Any) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"countermark/age-wrap/v1")
    return hkdf.derive(str(identity).encode())


def _library() -> Any:
    return need("pyrage", extra="escrow", purpose="a key in an age file")
