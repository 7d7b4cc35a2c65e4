"""Key-encryption keys in a hardware security module, through PKCS#11; they are made there and never leave it.

A key is an AES-256 secret key of one label; its CKA_ID is version (4 bytes, big endian) || random (4 bytes), and the
highest is the current one. A data key is wrapped as nonce || AES-256-GCM(data key; context) by the module itself. The
nonce is random, which allows 2^32 data keys under one key (NIST SP 800-38D, 8.3); rotate before that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from registry.errors import SealBroken, UnknownKey
from registry.extras import need
from registry.keys import hsm
from registry.keys.base import Wrapped
from registry.keys.hsm import TURNS, library

NONCE_BYTES, KEY_BITS, TAG_BITS = 12, 256, 128
_WRAP_TAG = b"countermark/wrap/v1\x00"


class Pkcs11Keys:
    """A `KeyProvider` over a token; threads take turns.

    Args:
        session: logged in, and writable where keys are to be made.
        label: of the keys, ASCII without colon.
        token: label of the token, for people.
        entropy: fresh random bytes.

    Raises:
        MalformedValue: a label that no key id can hold.
        UnknownKey: the token has no key of that label.
    """

    def __init__(self, session: Any, *, label: str, token: str, entropy: Callable[[int], bytes]) -> None:
        hsm.require_label(label)
        self._session = session
        self._label = label
        self._token = token
        self._entropy = entropy
        with TURNS, _errors():
            self._newest()

    def __repr__(self) -> str:
        return f"Pkcs11Keys({self.place})"

    @classmethod
    def connect(
        cls, module: str, *, token: str, label: str, pin: str, entropy: Callable[[int], bytes], create: bool
    ) -> "Pkcs11Keys":
        """Over a new session; with `create`, a token without such a key gets a first one.

        Raises:
            ExtraMissing: python-pkcs11 is not installed.
            KeysUnavailable: no such module or token, or another PIN.
        """
        with TURNS, _errors():
            session = hsm.log_in(module, token, pin)
            if create and not _keys(session, label):
                _generate(session, label, 1, entropy)
        return cls(session, label=label, token=token, entropy=entropy)

    @property
    def current(self) -> str:
        """`LABEL:` and the CKA_ID of the newest key in hexadecimal."""
        with TURNS, _errors():
            return self._id(self._newest()[0])

    @property
    def place(self) -> str:
        """Token and label."""
        return f"pkcs11:token={self._token};object={self._label}"

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """The module encrypts, under the newest key that it has now."""
        nonce = self._entropy(NONCE_BYTES)
        with TURNS, _errors():
            newest, key = self._newest()
            sealed: bytes = key.encrypt(data_key, **_gcm(nonce, context))
        return Wrapped(self._id(newest), nonce + sealed)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The module decrypts."""
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        if len(sealed) <= TAG_BITS // 8:
            raise SealBroken("a data key does not unwrap here: it was cut short")
        with TURNS, _errors():
            data_key: bytes = self._key(key_id).decrypt(sealed, **_gcm(nonce, context))
        return data_key

    def rotate(self) -> str:
        """The module makes a new key; two rotations at once make two keys."""
        with TURNS, _errors():
            version = int.from_bytes(max(_keys(self._session, self._label))[:4], "big") + 1
            made = _generate(self._session, self._label, version, self._entropy)
        return self._id(made)

    def _id(self, identifier: bytes) -> str:
        return f"{self._label}:{identifier.hex()}"

    def _newest(self) -> tuple[bytes, Any]:
        """CKA_ID of the newest key, and the key. Call it with `TURNS` held."""
        found = _keys(self._session, self._label)
        if not found:
            raise UnknownKey(f"the token '{self._token}' has no key '{self._label}'; run: countermark init")
        return max(found.items(), key=lambda item: item[0])

    def _key(self, key_id: str) -> Any:
        label, _, identifier = key_id.partition(":")
        try:
            wanted = bytes.fromhex(identifier)
        except ValueError:
            wanted = b""
        found = _keys(self._session, self._label) if label == self._label else {}
        if wanted not in found:
            raise UnknownKey(f"something is sealed under {key_id}, which the token '{self._token}' does not have")
        return found[wanted]


def _keys(session: Any, label: str) -> dict[bytes, Any]:
    """The keys of that label by CKA_ID."""
    pkcs11 = library()
    wanted = {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.AES,
        pkcs11.Attribute.LABEL: label,
    }
    return {bytes(key.id): key for key in session.get_objects(wanted) if len(key.id) == 8}


def _generate(session: Any, label: str, version: int, entropy: Callable[[int], bytes]) -> bytes:
    """A new key in the module; its CKA_ID."""
    pkcs11 = library()
    template = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
    identifier = version.to_bytes(4, "big") + entropy(4)
    session.generate_key(pkcs11.KeyType.AES, KEY_BITS, label=label, id=identifier, store=True, template=template)
    return identifier


def _gcm(nonce: bytes, context: bytes) -> dict[str, Any]:
    pkcs11 = library()
    parameters = need("pkcs11.mechanisms", extra="hsm", purpose=hsm.PURPOSE).GCMParams(
        nonce, _WRAP_TAG + context, TAG_BITS
    )
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}


@contextmanager
def _errors() -> Iterator[None]:
    """The module's errors as ours. Modules answer a wrong tag with either of two codes, or with a general error."""
    found = need("pkcs11.exceptions", extra="hsm", purpose=hsm.PURPOSE)
    with hsm.errors():
        try:
            yield
        except (found.GeneralError, found.EncryptedDataInvalid, found.EncryptedDataLenRange) as error:
            raise SealBroken("a data key does not unwrap here: it was altered, or moved from another row") from error
