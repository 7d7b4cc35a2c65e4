"""Rows of the survival table."""

import numpy as np
import pytest

from distill.errors import SettingsError
from distill.survival import answers, fields, read
from distill.transforms.base import OBSERVATIONS
from fingerprint import seeds
from fingerprint.carriers import signature_matrix
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.verify import Candidates

N, C, K = 1500, 5, 12


@pytest.fixture(scope="module")
def pack() -> VerifierPack:
    """A release over random features and reference logits."""
    rng = seeds.stream("tests", "survival", "pack")
    reference = 2 * rng.normal(size=(N, C))
    return VerifierPack(
        release_key=b"r" * 32,
        probes=rng.normal(size=(N, 3)).astype(np.float32),
        features=rng.normal(size=(N, K)).astype(np.float32),
        references={"clean": (reference - reference.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
    )


@pytest.fixture(scope="module")
def candidates(pack: VerifierPack) -> Candidates:
    """Three devices."""
    words = np.stack([seeds.signs(b"d" * 32, "device", number, count=pack.bits) for number in range(3)])
    return Candidates(release=pack.release_id, devices=("a", "b", "c"), copies=("1", "2", "3"), codewords=words)


def signed(pack: VerifierPack, candidates: Candidates) -> np.ndarray:
    """Logits of device b's copy."""
    matrix = signature_matrix(candidates.codewords[1], rotation=pack.rotation, classes=C)
    return pack.references["clean"] + 0.3 * pack.features @ matrix.T


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_every_form_of_answer_can_be_observed(observation):
    """Kind and values fit what verification accepts."""
    kind, values = answers(seeds.stream("tests", "survival", "form").normal(size=(20, C)), observation)
    assert observe(kind, values, probes=20, classes=C).count == 20


def test_an_unknown_form_is_an_error():
    """The message lists the known ones."""
    with pytest.raises(SettingsError, match="top3"):
        answers(np.zeros((2, 2)), "smells")


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_a_signed_copy_is_named_correctly(observation, pack, candidates):
    """The row of device b's copy has a high score, no bit errors to speak of, and names b."""
    row = read(pack, candidates, signed(pack, candidates), observation=observation, truth=frozenset({"b"}))
    assert row.named_correctly is (row.family_wise_p <= 1e-6)
    assert row.fer == 0
    assert row.ber is not None
    assert row.ber < 0.35
    assert 0 < row.score <= row.max_score


def test_naming_somebody_else_is_not_correct(pack, candidates):
    """The same answers with device a as the truth: not named correctly, and a frame error."""
    row = read(pack, candidates, signed(pack, candidates), observation="logits", truth=frozenset({"a"}))
    assert not row.named_correctly
    assert row.fer == 1


def test_a_stranger_is_named_correctly_when_nobody_is(pack, candidates):
    """Answers that carry no signature: unknown source is the right answer, bit errors are undefined."""
    logits = seeds.stream("tests", "survival", "stranger").normal(size=(N, C))
    row = read(pack, candidates, logits, observation="logits", truth=frozenset())
    assert row.named_correctly
    assert row.ber is None
    assert row.fer is None
    assert set(fields(row)) >= {"score", "max_score", "family_wise_p", "named_correctly", "probes", "ber", "fer"}
