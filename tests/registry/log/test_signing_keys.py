"""Signing keys in files: round trips, and what is refused."""

import pytest

from registry.errors import MalformedNote
from registry.log.cosignature import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE
from registry.log.signing_keys import read_cosigners, read_log_keys, write_cosigner, write_log_keys

ONE, TWO = bytes(32), bytes([1]) * 32
FILE = write_log_keys("example.com/log", ONE, TWO)


def test_log_keys_round_trip() -> None:
    """A log's two keys are read as they were written, both under its name."""
    signer, (cosigner,) = read_log_keys(FILE, int)
    assert (signer.name, cosigner.name) == ("example.com/log", "example.com/log")
    again, _ = read_log_keys(FILE.split("\n")[0], int)
    assert again.verifier == signer.verifier
    assert write_log_keys("example.com/log", ONE, TWO) == FILE


@pytest.mark.parametrize("kind", [ED25519_COSIGNATURE, MLDSA44_COSIGNATURE])
def test_cosigners_round_trip(kind: int) -> None:
    """A witness's key is read as it was written."""
    (cosigner,) = read_cosigners(write_cosigner("w", kind, ONE), int)
    assert (cosigner.name, cosigner.kind) == ("w", kind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n".join(reversed(FILE.strip().split("\n"))),
        FILE.replace("example.com/log", "example.com/other", 1),
        FILE.split("\n")[0] + "\n" + write_cosigner("other", MLDSA44_COSIGNATURE, ONE),
        FILE.split("\n")[0] + "\n" + FILE.split("\n")[0],
    ],
)
def test_malformed_log_keys(text: str) -> None:
    """A file whose first key is no Ed25519 signing key, or whose names or ids disagree, is refused."""
    with pytest.raises(MalformedNote):
        read_log_keys(text, int)


@pytest.mark.parametrize("text", ["", "nonsense", FILE.split("\n")[0]])
def test_malformed_cosigners(text: str) -> None:
    """A file without a cosigning key is refused, and so is a log's signing key in it."""
    with pytest.raises(MalformedNote):
        read_cosigners(text, int)
