"""Exact head changes."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.kit import SigningKit
from fingerprint.minting import HeadChanges, head_changes
from fingerprint.whitening import Whitening

F, K, C, WIDTH = 9, 6, 5, 11


@pytest.fixture(scope="module")
def kit() -> SigningKit:
    """Of a small release."""
    rng = seeds.stream("tests", "minting")
    whitening = Whitening(mean=rng.normal(size=F), projection=rng.normal(size=(F, K)))
    return SigningKit(
        release="r",
        release_key=b"m" * 32,
        whitening=whitening,
        classes=C,
        strength=0.1,
        sigma=2.0,
        minting=rng.normal(size=(WIDTH + 1, K)),
    )


@pytest.fixture(scope="module")
def words(kit: SigningKit) -> np.ndarray:
    """Forty codewords."""
    return np.where(seeds.stream("tests", "words").random((40, kit.bits)) < 0.5, -1, 1).astype(np.int8)


def test_the_change_is_the_formula(kit: SigningKit, words: np.ndarray):
    """Delta is the kit's head change to six digits."""
    found = head_changes(kit)(words)
    for word, change in zip(words, found, strict=True):
        weight, bias = kit.head_delta(word)
        assert change == pytest.approx(np.column_stack([weight, bias]), rel=1e-5, abs=1e-6)


def test_batches_do_not_matter(kit: SigningKit, words: np.ndarray):
    """One by one, in another order and all together give the same bits."""
    changes = head_changes(kit)
    together = changes(words)
    assert (together[::-1] == changes(words[::-1])).all()
    assert all((changes(word[None])[0] == row).all() for word, row in zip(words, together, strict=True))


def test_the_product_is_exact(kit: SigningKit, words: np.ndarray):
    """Every sum equals the sum of fractions: no order of summation can change it."""
    changes = head_changes(kit)
    probe = dataclasses.replace(changes, gain=np.eye(K))
    for matrix, delta in zip(probe(words[:3]), changes(words[:3]), strict=True):
        for row, out in zip(matrix, delta, strict=True):
            exact = [
                sum(Fraction(a) * Fraction(g) for a, g in zip(row, column, strict=True)) for column in changes.gain.T
            ]
            assert [Fraction(value) for value in out] == exact


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_any_scale_keeps_six_digits(kit: SigningKit, words: np.ndarray, scale: float):
    """The lattice follows the size of the change."""
    kit = dataclasses.replace(kit, minting=scale * kit.minting)
    weight, bias = kit.head_delta(words[0])
    expected = np.column_stack([weight, bias])
    found = head_changes(kit)(words[:1])[0]
    assert np.abs(found - expected).max() < 1e-6 * np.abs(expected).max()


def test_what_cannot_be_minted_is_refused(kit: SigningKit, words: np.ndarray):
    """No minting base, and codewords of another length or other values, are errors."""
    with pytest.raises(ParameterError):
        head_changes(dataclasses.replace(kit, minting=None))
    changes: HeadChanges = head_changes(kit)
    for wrong in (words[:, 1:], words[0], np.zeros_like(words)):
        with pytest.raises(ParameterError):
            changes(wrong)
