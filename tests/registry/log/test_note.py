"""Signed notes: the specification's example, round trips, and what is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedNote, SignatureInvalid
from registry.log.note import (
    MAX_SIGNATURES,
    Ed25519Signer,
    Ed25519Verifier,
    Note,
    Signature,
    decode_skey,
    encode_skey,
    encode_vkey,
    require_signature,
    sign_note,
)

# The example of Go's golang.org/x/mod/sumdb/note, whose format C2SP took over.
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40).map(lambda line: line + "\n")


@pytest.fixture
def signer() -> Ed25519Signer:
    """A signing key."""
    return Ed25519Signer("example.com/log", bytes(32))


def test_published_example() -> None:
    """The published note verifies, and signing its text again gives the same note."""
    verifier = Ed25519Verifier.from_vkey(PETER_VKEY)
    note = Note.parse(PETER_NOTE)
    require_signature(note, verifier)
    assert verifier.vkey() == PETER_VKEY
    assert sign_note(note.text, Ed25519Signer("PeterNeumann", decode_skey(PETER_SKEY)[3])).render() == PETER_NOTE


def test_published_signing_key() -> None:
    """A signing key written in Go's form is read and written as it stands."""
    name, kind, identifier, seed = decode_skey(PETER_SKEY)
    assert encode_skey(name, kind, identifier, seed) == PETER_SKEY
    assert (name, kind, Ed25519Signer(name, seed).key_id) == ("PeterNeumann", 1, identifier)
    assert PETER_SKEY[-20:] not in repr(Ed25519Signer(name, seed))


@given(st.lists(TEXTS, min_size=1, max_size=5).map("".join))
def test_round_trip(text: str) -> None:
    """Whatever the text, empty lines included, a note parses into what was rendered and its signature holds."""
    signer = Ed25519Signer("example.com/log", bytes(32))
    note = sign_note(text, signer)
    assert Note.parse(note.render()) == note
    require_signature(note, signer.verifier)


def test_another_text_is_refused(signer: Ed25519Signer) -> None:
    """A signature of one text does not sign another."""
    note = sign_note("one\n", signer)
    with pytest.raises(SignatureInvalid, match="did not sign"):
        require_signature(Note(text="two\n", signatures=note.signatures), signer.verifier)


def test_unknown_keys_are_ignored_and_missing_ones_are_not(signer: Ed25519Signer) -> None:
    """Other keys' signatures do no harm, and do not stand in for the one that is required."""
    other = Ed25519Signer("other.example", bytes([1]) * 32)
    require_signature(sign_note("text\n", other, signer), signer.verifier)
    with pytest.raises(SignatureInvalid, match="holds no signature"):
        require_signature(sign_note("text\n", other), signer.verifier)


def test_same_name_other_key_is_another_key(signer: Ed25519Signer) -> None:
    """A key of the same name with another id is unknown."""
    namesake = Ed25519Signer("example.com/log", bytes([1]) * 32)
    with pytest.raises(SignatureInvalid, match="holds no signature"):
        require_signature(sign_note("text\n", namesake), signer.verifier)


def test_one_false_signature_rejects_the_note(signer: Ed25519Signer) -> None:
    """If one of two lines of a known key does not verify, the note is rejected."""
    good = sign_note("text\n", signer).signatures[0]
    false = Signature(name=good.name, key_id=good.key_id, payload=bytes(64))
    with pytest.raises(SignatureInvalid):
        require_signature(Note(text="text\n", signatures=(good, false)), signer.verifier)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "\n\n— a AAAAAAAA\n\n",
        "text\n\n— a AAAAAAAA",
        "text\n\n- a AAAAAAAA\n",
        "text\n\n— aAAAAAAAA\n",
        "text\n\n— a+b AAAAAAAA\n",
        "text\n\n—  AAAAAAAA\n",
        "text\n\n— a AAAA\n",
        "text\n\n— a AAAAAA==\n",
        "text\n\n— a AAAAAAB=\n",
        "text\n\n— a AAA\n",
        "te\txt\n\n— a AAAAAAAA\n",
        "text\r\n\n— a AAAAAAAA\n",
        "x" * 1_000_001,
        "text\n\n" + "— a AAAAAAAA\n" * (MAX_SIGNATURES + 1),
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    """What is not a note raises one error."""
    with pytest.raises(MalformedNote):
        Note.parse(note)


def test_the_last_empty_line_ends_the_text() -> None:
    """A text may hold empty lines itself."""
    assert Note.parse("a\n\nb\n\n— a AAAAAAAA\n").text == "a\n\nb\n"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        "name+00000000+" + base64.b64encode(b"\x01" + bytes(32)).decode(),
        PETER_VKEY[:-4],
        PETER_VKEY.replace("PeterNeumann", "Peter Neumann"),
        encode_vkey("name", 4, bytes(32)),
        encode_vkey("name", 1, bytes(31)),
    ],
)
def test_malformed_verifier_keys_are_refused(vkey: str) -> None:
    """Wrong form, key id, type or length of a verifier key raises one error."""
    with pytest.raises(MalformedNote):
        Ed25519Verifier.from_vkey(vkey)


@pytest.mark.parametrize(
    "skey",
    [PETER_VKEY, PETER_SKEY.replace("c74f20a3", "c74f20a"), PETER_SKEY[:-4], "PRIVATE+KEY+name+00000000+AAAA"],
)
def test_malformed_signing_keys_are_refused(skey: str) -> None:
    """A line that is no signing key raises one error."""
    with pytest.raises(MalformedNote):
        decode_skey(skey)
