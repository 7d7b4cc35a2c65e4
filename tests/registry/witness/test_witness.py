"""The witness: it cosigns what extends what it knows, and answers everything else as specified."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from registry.errors import MalformedNote
from registry.log.checkpoint import body, sign_checkpoint
from registry.log.note import Ed25519Signer, Note, require_signature, sign_note
from registry.witness.messages import AddCheckpoint, Answer, parse_cosignatures
from registry.witness.state import FileState
from registry.witness.witness import Witness


def test_an_honest_log_is_cosigned(witness: Witness, history: Any, cosigners: Any) -> None:
    """Checkpoint after checkpoint, by every key of the witness, also the same one twice."""
    for old, new in ((0, 3), (3, 3), (3, 10), (10, 16)):
        answer = witness.add_checkpoint(history.request(old, new))
        assert answer.status == 200
        note = Note(text=Note.parse(history.checkpoint(new).note).text, signatures=parse_cosignatures(answer.body))
        for cosigner in cosigners:
            require_signature(note, cosigner.verifier)


def test_an_empty_log_is_cosigned(witness: Witness, history: Any) -> None:
    """A witness may start with the empty log."""
    assert witness.add_checkpoint(history.request(0, 0)).status == 200
    assert witness.add_checkpoint(history.request(0, 5)).status == 200


def test_a_wrong_old_size_is_told(witness: Witness, history: Any) -> None:
    """Whoever guesses wrong is told the size that was cosigned last."""
    assert witness.add_checkpoint(history.request(2, 3)) == Answer(409, "text/x.tlog.size", b"0\n")
    witness.add_checkpoint(history.request(0, 5))
    for old, new in ((0, 9), (4, 9), (6, 9)):
        assert witness.add_checkpoint(history.request(old, new)) == Answer(409, "text/x.tlog.size", b"5\n")


def test_no_log_goes_back(witness: Witness, history: Any) -> None:
    """A smaller checkpoint than the one cosigned last is refused."""
    witness.add_checkpoint(history.request(0, 9))
    assert witness.add_checkpoint(history.request(3, 5)).status == 409
    assert witness.add_checkpoint(history.request(0, 5)).status == 409


def test_a_second_history_is_refused(witness: Witness, history: Any, other_history: Any) -> None:
    """Another root of the same size, and a growth that does not contain what is known, are refused."""
    witness.add_checkpoint(history.request(0, 9))
    assert witness.add_checkpoint(other_history.request(9, 9)).status == 409
    assert witness.add_checkpoint(other_history.request(9, 12)).status == 422
    assert witness.add_checkpoint(history.request(9, 12)).status == 200


def test_proofs_are_checked(witness: Witness, history: Any) -> None:
    """No proof, a proof between other sizes, and a proof from nothing do not prove anything."""
    note = history.checkpoint(9).note
    first = AddCheckpoint(old=0, hashes=history.prove(4, 9), note=note)
    assert witness.add_checkpoint(first.render()).status == 422
    witness.add_checkpoint(history.request(0, 4))
    for hashes in ((), history.prove(3, 9), history.prove(4, 8), (*history.prove(4, 9), bytes(32))):
        assert witness.add_checkpoint(AddCheckpoint(old=4, hashes=hashes, note=note).render()).status == 422


def test_other_logs_and_keys_are_refused(witness: Witness, history: Any) -> None:
    """An unknown origin is 404; an unknown key, or a false line of a known key, 403."""
    stranger = Ed25519Signer("example.com/stranger", bytes(32))
    namesake = Ed25519Signer("example.com/log", bytes([7]) * 32)
    text = body("example.com/log", 3, history.roots[3])
    good = sign_note(text, history.signer).render()
    for note, status in (
        (sign_checkpoint(3, history.roots[3], stranger).note, 404),
        (sign_checkpoint(3, history.roots[3], namesake).note, 403),
        (good.replace("\n3\n", "\n4\n"), 403),
        (
            good
            + sign_note(body("example.com/log", 4, history.roots[4]), history.signer).render().split("\n")[-2]
            + "\n",
            403,
        ),
        (sign_note(text, namesake, history.signer).render(), 200),
    ):
        request = AddCheckpoint(old=0, hashes=(), note=note)
        assert witness.add_checkpoint(request.render()).status == status


@pytest.mark.parametrize("data", [b"", b"old 0\n\n", b"old x\n\nnote", b"old 0\n\nnote\n"])
def test_malformed_requests_are_refused(witness: Witness, data: bytes) -> None:
    """What does not parse is 400, and so is an old size beyond the checkpoint."""
    assert witness.add_checkpoint(data).status == 400


def test_an_old_size_beyond_the_checkpoint_is_refused(witness: Witness, history: Any) -> None:
    """The old size cannot be larger than the checkpoint."""
    request = AddCheckpoint(old=4, hashes=(), note=history.checkpoint(3).note)
    assert witness.add_checkpoint(request.render()).status == 400


def test_it_remembers_across_restarts(
    make_witness: Callable[[FileState], Witness], state: FileState, history: Any, other_history: Any, tmp_path: Any
) -> None:
    """A new process with the same directory refuses what the old one would have refused."""
    make_witness(state).add_checkpoint(history.request(0, 9))
    again = make_witness(FileState(tmp_path / "witness"))
    assert again.add_checkpoint(other_history.request(9, 9)).status == 409
    assert again.add_checkpoint(other_history.request(0, 9)) == Answer(409, "text/x.tlog.size", b"9\n")


def test_concurrent_requests_never_take_a_log_back(
    make_witness: Callable[[FileState], Witness], history: Any, tmp_path: Any
) -> None:
    """Many threads with requests of all sizes: sizes that are cosigned one after another never fall."""
    granted: list[int] = []

    def ask(size: int) -> None:
        witness = make_witness(FileState(tmp_path / "witness"))
        old = 0
        while True:
            answer = witness.add_checkpoint(history.request(old, size))
            if answer.status == 200:
                granted.append(size)
                return
            old = int(answer.body)
            if old > size:
                return

    threads = [threading.Thread(target=ask, args=(size,)) for size in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with FileState(tmp_path / "witness").hold("example.com/log") as slot:
        assert slot.latest is not None
        assert slot.latest.size == 16
    assert 16 in granted


def test_a_witness_needs_a_key(state: FileState) -> None:
    """A witness without a cosigning key is refused at birth."""
    with pytest.raises(MalformedNote):
        Witness({}, (), state)
