"""One suite over every score of the catalogue, and each score's own formula."""

import numpy as np
import pytest

from fingerprint import seeds
from fingerprint.tracing import CATALOGUE, arcsine, uniform
from fingerprint.tracing.scores.soft import soft_bits

NOBODY = np.zeros((0, 400), dtype=np.int8)
BIASES = {"uniform": uniform(400), "tardos": arcsine(b"s" * 32, 400, coalition=4, cutoff=0.01)}


@pytest.mark.parametrize("bias", BIASES.values(), ids=BIASES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_members_score_over_strangers(name: str, bias):
    """A member's score lies over every one of a hundred strangers', before and after the other one is named."""
    rng = seeds.stream("scores", name)
    words = bias.draw(rng, 102)
    evidence = words[:2].mean(axis=0) + 0.1 * rng.normal(size=400)
    for known in (NOBODY, words[:1]):
        weights = CATALOGUE[name].weights(evidence, bias, known)
        assert weights.shape == (400,)
        assert np.isfinite(weights).all()
        sums = (words - bias.mean) @ weights
        assert sums[1] > sums[2:].max()


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_scale_of_the_evidence_does_not_matter(name: str):
    """Evidence a thousand times larger gives weights in the same direction."""
    bias = BIASES["tardos"]
    evidence = seeds.stream("scores", "scale").normal(size=400)
    one, thousand = (CATALOGUE[name].weights(factor * evidence, bias, NOBODY) for factor in (1.0, 1000.0))
    cosine = one @ thousand / np.linalg.norm(one) / np.linalg.norm(thousand)
    assert cosine == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["correlation", "symmetric", "llr"])
def test_no_evidence_gives_no_weights(name: str):
    """Evidence of nought weighs nothing under uniform codewords."""
    assert not CATALOGUE[name].weights(np.zeros(400), BIASES["uniform"], NOBODY).any()


def test_uniform_codewords_make_three_scores_one():
    """For p = 1/2 symmetric and Oosterwijk are proportional to the soft bits."""
    bias = BIASES["uniform"]
    evidence = seeds.stream("scores", "same").normal(size=400)
    soft = soft_bits(evidence, bias, NOBODY)
    for name in ("symmetric", "oosterwijk"):
        weights = CATALOGUE[name].weights(evidence, bias, NOBODY)
        assert weights * soft.std() == pytest.approx(soft * weights.std())


def test_hard_bits_give_the_published_scores():
    """With y = +-1, w is half the difference of the published values for a +1 and a -1."""
    bias = BIASES["tardos"]
    p = bias.plus
    y = np.where(seeds.stream("scores", "hard").random(400) < p, 1.0, -1.0)
    assert soft_bits(y, bias, NOBODY) == pytest.approx(y, abs=0.05)
    up = (np.sqrt((1 - p) / p) + np.sqrt(p / (1 - p))) / 2
    symmetric = CATALOGUE["symmetric"].weights(y, bias, NOBODY)
    assert symmetric == pytest.approx(y * up, rel=0.05)
    oosterwijk = CATALOGUE["oosterwijk"].weights(y, bias, NOBODY)
    expected = np.where(y > 0, ((1 - p) / p + 1) / 2, -(1 + p / (1 - p)) / 2)
    assert np.corrcoef(oosterwijk, expected)[0, 1] > 0.9


def test_known_members_are_explained_away():
    """Correlation's weights are orthogonal to the codewords already named and to the bias."""
    bias = BIASES["tardos"]
    words = bias.draw(seeds.stream("scores", "away"), 3)
    weights = CATALOGUE["correlation"].weights(words.mean(axis=0), bias, words[:2])
    assert words[:2] @ weights == pytest.approx(0.0, abs=1e-9)
    assert bias.mean @ weights == pytest.approx(0.0, abs=1e-9)
