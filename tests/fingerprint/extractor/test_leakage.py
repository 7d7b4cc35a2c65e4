"""The entropy balance against brute force."""

from itertools import combinations
from math import comb, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import ParameterError
from fingerprint.extractor import GOLAY_256, PROFILE, PROFILES, enroll
from fingerprint.extractor.leakage import _balanced_entropy, leakage, leakage_data
from fingerprint.puf import SramParameters, SramPuf


@given(st.lists(st.floats(0.01, 0.99), min_size=8, max_size=8))
def test_the_formula_is_the_definition(ones):
    """-log2 of the largest conditional probability, by listing all balanced words of 8 cells."""
    ones = np.array(ones)
    words = np.zeros((comb(8, 4), 8), dtype=bool)
    for row, places in zip(words, combinations(range(8), 4), strict=True):
        row[list(places)] = True
    chances = np.where(words, ones, 1 - ones).prod(axis=1)
    assert _balanced_entropy(ones) == pytest.approx(-log2(chances.max() / chances.sum()), abs=1e-6)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
@pytest.mark.parametrize("bias", [0.5, 0.6, 0.8])
def test_balancing_removes_any_common_bias(profile, bias):
    """Equally biased cells leave log2 binomial(n, n/2) - (n - k), enough for the key, at any bias."""
    n, k = profile.code.n, profile.code.k
    report = leakage(profile, np.full(n, bias))
    assert report.left == pytest.approx(leakage(profile).left, abs=1e-3)
    assert report.left == pytest.approx(log2(comb(n, n // 2)) - (n - k), abs=1e-3)
    assert report.enough
    assert report.wanted == profile.bits


def test_aliasing_costs_entropy():
    """Cells that lean the same way in every device leave less, and the report says that it is not enough."""
    ones = np.where(np.arange(PROFILE.code.n) % 2, 0.65, 0.35)
    report = leakage(PROFILE, ones)
    assert report.left < report.wanted
    assert not report.enough
    assert leakage(PROFILE, np.where(ones > 0.5, 0.999, 0.001)).left == 0


def test_a_population_is_examined(small):
    """An ideal population of 400 devices looks a little worse than ideal, an aliased one much worse."""
    devices = SramPuf.manufacture("population", cells=small.cells, devices=400, parameters=SramParameters(noise=0.05))
    rng = np.random.default_rng(1)
    responses = devices.read(rng)[:, 0]
    helper = enroll(devices.chip(0).read(rng, reads=5), profile=small, entropy=rng.bytes).helper
    report = leakage_data(responses, helper, profile=small)
    assert report.before < leakage(small).before
    assert report.before > 0.9 * report.response
    aliased = responses.copy()
    aliased[:300] = responses[0]
    assert leakage_data(aliased, helper, profile=small).before < 0.5 * report.response


def test_other_probabilities_are_refused():
    """Another length, and certainty."""
    for bad in (np.full(3, 0.5), np.ones(GOLAY_256.code.n)):
        with pytest.raises(ParameterError, match="probabilities"):
            leakage(GOLAY_256, bad)
