"""Fitting a coalition before any codeword is read."""

import numpy as np
import pytest

from fingerprint import seeds
from fingerprint.tracing import arcsine, mixture, uniform


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("biased", [False, True])
def test_size_strength_and_noise_come_back(size: int, biased: bool):
    """Of clean averages of K copies K, s and sigma are found."""
    bias = arcsine(b"m" * 32, 1500, coalition=5) if biased else uniform(1500)
    rng = seeds.stream("mixture", size, int(biased))
    y = 3.0 * (bias.draw(rng, size).mean(axis=0) + 0.05 * rng.normal(size=1500))
    found = mixture.fit(y, bias, np.zeros((0, 1500), dtype=np.int8))
    assert found.size == size
    assert found.strength == pytest.approx(3.0, rel=0.02)
    assert found.noise == pytest.approx(0.15, rel=0.1)


def test_known_members_are_known_terms():
    """With two of three members told, the third is the only unknown."""
    bias = uniform(800)
    rng = seeds.stream("mixture", "known")
    words = bias.draw(rng, 3)
    found = mixture.fit(words.mean(axis=0) + 0.1 * rng.normal(size=800), bias, words[:2])
    assert found.size == 3


def test_levels_are_a_distribution():
    """The priors of every position sum to one and the mean of x is the bias where nobody is known."""
    bias = arcsine(b"m" * 32, 50, coalition=4)
    levels, prior = mixture.mixing_levels(bias, np.zeros((0, 50), dtype=np.int8), 6)
    assert np.exp(prior).sum(axis=1) == pytest.approx(1.0)
    assert (np.exp(prior) * levels).sum(axis=1) == pytest.approx(bias.mean)
