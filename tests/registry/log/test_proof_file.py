"""Proof files: round trips, verification without a network, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedNote, ProofInvalid
from registry.log.checkpoint import sign_checkpoint
from registry.log.note import Ed25519Signer
from registry.log.proof_file import ProofFile
from registry.records import RecordedVerdict

SIGNER = Ed25519Signer("example.com/log", bytes(32))
NOTE = sign_checkpoint(9, bytes(32), SIGNER).note
HASH = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.none() | st.binary())
def test_round_trip(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    """A proof file is read back as the proof that was written."""
    checkpoint = sign_checkpoint(9, bytes(32), SIGNER)
    proof = ProofFile(index=index, hashes=tuple(hashes), checkpoint=checkpoint, extra=extra)
    assert ProofFile.parse(proof.render()) == proof


def test_a_verdict_is_proved_without_a_network(filled: Any, decided: RecordedVerdict) -> None:
    """The file and the entry alone show the verdict under the checkpoint; any other entry is refused."""
    with filled.store.reading() as registry:
        text = ProofFile.of(registry.proof(decided.entry_index), extra=b"case 7").render()
        entry, other = registry.entry(decided.entry_index).data, registry.entry(0).data
    proof = ProofFile.parse(text)
    proof.verify(entry)
    assert proof.extra == b"case 7"
    with pytest.raises(ProofInvalid):
        proof.verify(other)


def test_an_entry_is_proved_under_an_older_checkpoint(filled: Any, decided: RecordedVerdict) -> None:
    """A proof can be made for the checkpoint that somebody else cosigned, and not for one that was never signed."""
    with filled.store.reading() as registry:
        proof = ProofFile.of(registry.proof(0, size=4))
        proof.verify(registry.entry(0).data)
    assert proof.checkpoint.size == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        NOTE,
        "c2sp.org/tlog-proof@v2\nindex 1\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex 1\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex 01\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex -1\n\n" + NOTE,
        f"c2sp.org/tlog-proof@v1\nindex {2**63}\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nextra AAA=\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\n" + NOTE,
        f"c2sp.org/tlog-proof@v1\nindex 1\nextra AAA=\n{HASH}\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n" + NOTE,
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH}x\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 64 + "\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex 1\n\nexample.com/log\n9\n",
    ],
)
def test_malformed_files_are_refused(text: str) -> None:
    """What is no proof file raises one error."""
    with pytest.raises(MalformedNote):
        ProofFile.parse(text)
