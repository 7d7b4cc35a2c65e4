r"""Cosignatures of checkpoints: Ed25519 (type 0x04) and ML-DSA-44 (type 0x06), https://c2sp.org/tlog-cosignature.

    signature = timestamp (u64, big-endian, POSIX seconds) || raw signature
    Ed25519 signs    "cosignature/v1\n" "time " timestamp "\n" checkpoint text
    ML-DSA-44 signs  "subtree/v1\n\0" || len, name || u64 timestamp || len, origin || u64 0 || u64 size || root

ML-DSA-44 (FIPS 204) stays safe against quantum computers and commits to the cosigner's name; it says nothing of
extension lines. A timestamp of 0 makes no statement of time. A cosigner states that the checkpoint is consistent with
everything it has cosigned for that log; keeping that promise is the business of `registry.witness`.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from registry.errors import MalformedNote, SignatureInvalid
from registry.log.checkpoint import parse_text
from registry.log.note import (
    ED25519,
    Ed25519Verifier,
    NoteVerifier,
    SignerOf,
    decode_vkey,
    encode_vkey,
    key_id,
    require_name,
)

ED25519_COSIGNATURE, MLDSA44_COSIGNATURE = 0x04, 0x06
_STAMP_BYTES = 8
_LONGEST_NAME = 255
_LARGEST_TIME = 2**63 - 1
Seconds = Callable[[], int]


class VerifierWithKey(NoteVerifier, Protocol):
    """A verifier whose public key can be handed out."""

    def vkey(self) -> str:
        """The key in the form in which it is handed out."""


def timestamp(signature: bytes) -> int:
    """POSIX seconds at which a cosignature was made, 0 if it makes no statement of time.

    Raises:
        SignatureInvalid: too short for one, or later than 2^63 - 1.
    """
    seconds = int.from_bytes(signature[:_STAMP_BYTES], "big")
    if len(signature) <= _STAMP_BYTES or seconds > _LARGEST_TIME:
        raise SignatureInvalid("a cosignature starts with eight bytes of POSIX time, at most 2^63 - 1")
    return seconds


def ed25519_message(text: str, seconds: int) -> bytes:
    """What an Ed25519 cosignature signs."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def mldsa44_message(name: str, text: str, seconds: int) -> bytes:
    """What an ML-DSA-44 cosignature of a checkpoint signs.

    Raises:
        MalformedNote: not the text of a checkpoint, or a name or origin longer than 255 bytes.
    """
    origin, size, root = parse_text(text)
    cosigner, log = name.encode(), origin.encode()
    if max(len(cosigner), len(log)) > _LONGEST_NAME:
        raise MalformedNote(f"a cosigner's name and a log's origin have at most {_LONGEST_NAME} bytes")
    head = b"subtree/v1\n\x00" + bytes([len(cosigner)]) + cosigner + struct.pack(">Q", seconds)
    return head + bytes([len(log)]) + log + struct.pack(">QQ", 0, size) + root


@dataclass(frozen=True)
class Ed25519CosignatureVerifier:
    """A cosigner's Ed25519 key. Law: `verifier_from_vkey(v.vkey()) == v`."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _require(self.name, self.public_key, 32)

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || 0x04 || public key)[:4]."""
        return key_id(self.name, ED25519_COSIGNATURE, self.public_key)

    def vkey(self) -> str:
        """The key in the form in which it is handed out."""
        return encode_vkey(self.name, ED25519_COSIGNATURE, self.public_key)

    def verify(self, text: str, signature: bytes) -> None:
        """Return if the key cosigned the checkpoint. Raises SignatureInvalid."""
        message = ed25519_message(text, timestamp(signature))
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature[_STAMP_BYTES:], message)
        except InvalidSignature as error:
            raise SignatureInvalid(f"'{self.name}' did not cosign this checkpoint") from error


@dataclass(frozen=True)
class MlDsa44Verifier:
    """A cosigner's ML-DSA-44 key. Law: `verifier_from_vkey(v.vkey()) == v`."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _require(self.name, self.public_key, 1312)

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || 0x06 || public key)[:4]."""
        return key_id(self.name, MLDSA44_COSIGNATURE, self.public_key)

    def vkey(self) -> str:
        """The key in the form in which it is handed out."""
        return encode_vkey(self.name, MLDSA44_COSIGNATURE, self.public_key)

    def verify(self, text: str, signature: bytes) -> None:
        """Return if the key cosigned the checkpoint. Raises SignatureInvalid."""
        message = mldsa44_message(self.name, text, timestamp(signature))
        try:
            MLDSA44PublicKey.from_public_bytes(self.public_key).verify(signature[_STAMP_BYTES:], message)
        except InvalidSignature as error:
            raise SignatureInvalid(f"'{self.name}' did not cosign this checkpoint") from error


class Ed25519Cosigner(SignerOf[Ed25519CosignatureVerifier]):
    """Makes Ed25519 cosignatures."""

    kind: Final = ED25519_COSIGNATURE

    def __init__(self, name: str, seed: bytes, now: Seconds) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._now = now
        self.verifier = Ed25519CosignatureVerifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Timestamp and signature of a checkpoint's text."""
        seconds = self._now()
        return struct.pack(">Q", seconds) + self._key.sign(ed25519_message(text, seconds))


class MlDsa44Cosigner(SignerOf[MlDsa44Verifier]):
    """Makes ML-DSA-44 cosignatures."""

    kind: Final = MLDSA44_COSIGNATURE

    def __init__(self, name: str, seed: bytes, now: Seconds) -> None:
        self._key = MLDSA44PrivateKey.from_seed_bytes(seed)
        self._now = now
        self.verifier = MlDsa44Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Timestamp and signature of a checkpoint's text."""
        seconds = self._now()
        return struct.pack(">Q", seconds) + self._key.sign(mldsa44_message(self.name, text, seconds))


Cosigner = Ed25519Cosigner | MlDsa44Cosigner
_VERIFIERS: dict[int, Callable[[str, bytes], VerifierWithKey]] = {
    ED25519: Ed25519Verifier,
    ED25519_COSIGNATURE: Ed25519CosignatureVerifier,
    MLDSA44_COSIGNATURE: MlDsa44Verifier,
}


def verifier_from_vkey(vkey: str) -> VerifierWithKey:
    """The verifier of a vkey of any type that this log understands.

    Raises:
        MalformedNote: not a vkey, or of another type.
    """
    name, kind, public_key = decode_vkey(vkey)
    if kind not in _VERIFIERS:
        raise MalformedNote(f"the key of '{name}' has the unknown type {kind:#04x}; use Ed25519 or ML-DSA-44")
    return _VERIFIERS[kind](name, public_key)


def is_cosigner(vkey: str) -> bool:
    """Whether a vkey is a cosigner's: type 0x04 or 0x06. Raises MalformedNote."""
    return decode_vkey(vkey)[1] in {ED25519_COSIGNATURE, MLDSA44_COSIGNATURE}


def _require(name: str, public_key: bytes, length: int) -> None:
    require_name(name)
    if len(public_key) != length:
        raise MalformedNote(f"the key of '{name}' has {len(public_key)} bytes, not {length}")
