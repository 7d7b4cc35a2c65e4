"""Signing keys written down: one line for each key, `PRIVATE+KEY+name+hex+base64(type || seed)`.

A log's file holds its Ed25519 key, which makes a checkpoint a checkpoint, then its ML-DSA-44 key. A witness's file
holds cosigning keys.
"""

from collections.abc import Callable

from registry.errors import MalformedNote
from registry.log.cosignature import (
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    Cosigner,
    Ed25519Cosigner,
    MlDsa44Cosigner,
    Seconds,
)
from registry.log.note import ED25519, Ed25519Signer, decode_skey, encode_skey

_KINDS: dict[int, Callable[[str, bytes, Seconds], Cosigner]] = {
    ED25519_COSIGNATURE: Ed25519Cosigner,
    MLDSA44_COSIGNATURE: MlDsa44Cosigner,
}


def write_log_keys(name: str, ed25519_seed: bytes, mldsa44_seed: bytes) -> str:
    """The file of a log's two keys."""
    signer, cosigner = Ed25519Signer(name, ed25519_seed), MlDsa44Cosigner(name, mldsa44_seed, int)
    lines = (
        encode_skey(name, ED25519, signer.key_id, ed25519_seed),
        encode_skey(name, cosigner.kind, cosigner.key_id, mldsa44_seed),
    )
    return "\n".join(lines) + "\n"


def read_log_keys(text: str, now: Seconds) -> tuple[Ed25519Signer, tuple[Cosigner, ...]]:
    """A log's signer and its cosigners, all of one name.

    Raises:
        MalformedNote: not such a file.
    """
    first, *rest = text.split("\n")
    name, kind, identifier, seed = decode_skey(first)
    if kind != ED25519:
        raise MalformedNote("the first key of a log is an Ed25519 signing key, type 0x01")
    signer = Ed25519Signer(name, seed)
    _require_id(name, signer.key_id, identifier)
    cosigners = read_cosigners("\n".join(rest), now) if "".join(rest) else ()
    if any(cosigner.name != name for cosigner in cosigners):
        raise MalformedNote("the keys of a log all have its name")
    return signer, cosigners


def write_cosigner(name: str, kind: int, seed: bytes) -> str:
    """The line of one cosigning key, newline included."""
    return encode_skey(name, kind, _cosigner(name, kind, seed, int).key_id, seed) + "\n"


def read_cosigners(text: str, now: Seconds) -> tuple[Cosigner, ...]:
    """The cosigning keys of a file, one or more.

    Raises:
        MalformedNote: not such a file.
    """
    made: list[Cosigner] = []
    for line in text.split():
        name, kind, identifier, seed = decode_skey(line)
        cosigner = _cosigner(name, kind, seed, now)
        _require_id(name, cosigner.key_id, identifier)
        made.append(cosigner)
    if not made:
        raise MalformedNote("a witness needs a cosigning key, one a line")
    return tuple(made)


def _cosigner(name: str, kind: int, seed: bytes, now: Seconds) -> Cosigner:
    if kind not in _KINDS:
        raise MalformedNote(f"type {kind:#04x} of '{name}' is no cosigning key: use 0x04 (Ed25519) or 0x06 (ML-DSA-44)")
    return _KINDS[kind](name, seed, now)


def _require_id(name: str, made: bytes, written: bytes) -> None:
    if made != written:
        raise MalformedNote(f"the key id of '{name}' is not that of its key; copy the signing key again")
