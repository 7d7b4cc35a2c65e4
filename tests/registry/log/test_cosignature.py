"""Cosignatures: messages as specified, round trips, and what is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedNote, SignatureInvalid
from registry.log.checkpoint import body
from registry.log.cosignature import (
    Cosigner,
    Ed25519Cosigner,
    MlDsa44Cosigner,
    ed25519_message,
    is_cosigner,
    mldsa44_message,
    timestamp,
    verifier_from_vkey,
)
from registry.log.note import Ed25519Signer, Note, Signature, encode_vkey, require_signature, sign_note

ROOT = bytes(range(32))
TEXT = body("example.com/behind-the-sofa", 20852163, ROOT)
COSIGNERS = (
    Ed25519Cosigner("witness.example/w1", bytes(32), lambda: 1679315147),
    MlDsa44Cosigner("witness.example/w1", bytes(32), lambda: 1679315147),
)


def test_ed25519_message_is_the_specified_one() -> None:
    """Two header lines, then the checkpoint's text."""
    assert ed25519_message(TEXT, 1679315147).decode() == (
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    )


def test_mldsa44_message_is_the_specified_one() -> None:
    """Label, name, time, origin, start 0, end and root, packed as TLS structures are."""
    assert mldsa44_message("w", TEXT, 7) == (
        b"subtree/v1\n\x00"
        b"\x01w" + struct.pack(">Q", 7) + b"\x1bexample.com/behind-the-sofa" + struct.pack(">QQ", 0, 20852163) + ROOT
    )


@pytest.mark.parametrize("cosigner", COSIGNERS, ids=repr)
def test_round_trip(cosigner: Cosigner) -> None:
    """A cosignature verifies under its vkey, carries its time, and its key shows only its name."""
    log = Ed25519Signer("example.com/behind-the-sofa", bytes([1]) * 32)
    note = Note.parse(sign_note(TEXT, log, cosigner).render())
    verifier = verifier_from_vkey(cosigner.verifier.vkey())
    assert verifier == cosigner.verifier
    assert is_cosigner(cosigner.verifier.vkey())
    require_signature(note, log.verifier)
    require_signature(note, verifier)
    assert timestamp(note.signatures[1].payload) == 1679315147
    assert "0000" not in repr(cosigner)


@pytest.mark.parametrize("cosigner", COSIGNERS, ids=repr)
@given(at=st.integers(0, 71), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(cosigner: Cosigner, at: int, bit: int) -> None:
    """A bit flipped in time or signature makes the cosignature false."""
    signature = bytearray(cosigner.sign(TEXT))
    signature[at] ^= 1 << bit
    with pytest.raises(SignatureInvalid):
        cosigner.verifier.verify(TEXT, bytes(signature))


@pytest.mark.parametrize("cosigner", COSIGNERS, ids=repr)
def test_another_checkpoint_is_refused(cosigner: Cosigner) -> None:
    """A cosignature of one checkpoint is none of another size, root or log."""
    signature = cosigner.sign(TEXT)
    for text in (
        body("example.com/behind-the-sofa", 20852164, ROOT),
        body("example.com/behind-the-sofa", 20852163, bytes(32)),
        body("example.com/other", 20852163, ROOT),
    ):
        with pytest.raises(SignatureInvalid):
            cosigner.verifier.verify(text, signature)


def test_mldsa44_commits_to_the_cosigners_name() -> None:
    """The same key under another name made another statement."""
    other = MlDsa44Cosigner("witness.example/w2", bytes(32), lambda: 1679315147)
    with pytest.raises(SignatureInvalid):
        other.verifier.verify(TEXT, COSIGNERS[1].sign(TEXT))


@pytest.mark.parametrize("payload", [b"", bytes(8), b"\xff" * 72])
def test_malformed_times_are_refused(payload: bytes) -> None:
    """A payload without room for a signature, or with a time beyond 2^63 - 1, is no cosignature."""
    with pytest.raises(SignatureInvalid):
        timestamp(payload)


def test_malformed_keys_are_refused() -> None:
    """A vkey of unknown type or wrong length, a name too long, and a text that is no checkpoint."""
    for vkey in (encode_vkey("n", 9, bytes(32)), encode_vkey("n", 4, bytes(31)), encode_vkey("n", 6, bytes(32))):
        with pytest.raises(MalformedNote):
            verifier_from_vkey(vkey)
    with pytest.raises(MalformedNote):
        mldsa44_message("n" * 256, TEXT, 0)
    with pytest.raises(MalformedNote):
        COSIGNERS[1].sign("text\n")


def test_key_ids_tell_algorithms_apart() -> None:
    """One name and seed give different key ids for each type, so lines are never mixed up."""
    log = Ed25519Signer("witness.example/w1", bytes(32))
    assert len({log.key_id, *(each.key_id for each in COSIGNERS)}) == 3
    line = Signature(name=log.name, key_id=COSIGNERS[0].key_id, payload=log.sign(TEXT))
    with pytest.raises(SignatureInvalid, match="holds no signature"):
        require_signature(Note(text=TEXT, signatures=(line,)), log.verifier)
