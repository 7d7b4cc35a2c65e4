"""Checkpoints: the specification's example, round trips, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedNote, SignatureInvalid
from registry.log.checkpoint import body, open_checkpoint, parse_checkpoint, sign_checkpoint
from registry.log.note import Ed25519Signer, sign_note
from registry.log.tree import EMPTY_ROOT

# The example of C2SP tlog-checkpoint; its key is not published there, so only its form is checked.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
SIGNER = Ed25519Signer("example.com/log", bytes(32))
ROOT = bytes(range(32))


def signed(text: str) -> str:
    """The text as a note of the log."""
    return sign_note(text, SIGNER).render()


def test_published_example_parses() -> None:
    """Origin, size and root of the specification's example are read as they stand."""
    checkpoint = parse_checkpoint(EXAMPLE)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_round_trip(size: int, root: bytes) -> None:
    """A signed checkpoint opens under the log's key and says what was signed."""
    checkpoint = sign_checkpoint(size, root, SIGNER)
    assert open_checkpoint(checkpoint.note, SIGNER.verifier) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "example.com/log\n5\n",
        body("example.com/log", 5, ROOT) + "\nextension\n",
        body("example.com/log", 5, ROOT[:31]),
        body("example.com/log", 0, ROOT),
        body("", 5, ROOT),
        body("example.com/log", 5, ROOT).replace("\n5\n", "\n05\n"),
        body("example.com/log", 5, ROOT).replace("\n5\n", "\n-5\n"),
        body("example.com/log", 5, ROOT).replace("\n5\n", "\n5.0\n"),
        body("example.com/log", 5, ROOT).replace("\n5\n", "\n٥\n"),
        body("example.com/log", 5, ROOT).replace("\n5\n", "\n\n"),
        body("example.com/log", 2**63, ROOT),
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    """A note whose text is no checkpoint raises one error, however well it is signed."""
    with pytest.raises(MalformedNote):
        open_checkpoint(signed(text), SIGNER.verifier)


def test_extension_lines_are_left_alone() -> None:
    """A log may add lines of its own; they are signed, and say nothing of the tree."""
    note = signed(body("example.com/log", 5, ROOT) + "extension\n")
    assert open_checkpoint(note, SIGNER.verifier).size == 5


def test_another_logs_checkpoint_is_refused() -> None:
    """A checkpoint of another origin is refused even if this log's key signed it."""
    with pytest.raises(SignatureInvalid, match="not of"):
        open_checkpoint(signed(body("example.com/other", 0, EMPTY_ROOT)), SIGNER.verifier)


def test_unsigned_changes_are_refused() -> None:
    """A changed size is not what was signed."""
    note = sign_checkpoint(5, ROOT, SIGNER).note.replace("\n5\n", "\n6\n")
    with pytest.raises(SignatureInvalid):
        open_checkpoint(note, SIGNER.verifier)
