"""Failure rates: bounds are bounds, and importance sampling finds what plain counting finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.codes import Bch, Blocks, Concatenated, Golay, Repetition
from fingerprint.codes.catalogue import FAMILIES
from fingerprint.codes.failure import estimate
from fingerprint.codes.tails import binomial_tail
from fingerprint.errors import ParameterError


@given(st.integers(1, 60), st.integers(-1, 61), st.floats(0, 1))
def test_tails_are_sums(trials, least, probability):
    """P(X >= least) + P(X < least) = 1, with the extremes exact."""
    upper = binomial_tail(trials, least, probability)
    lower = binomial_tail(trials, trials - least + 1, 1 - probability)
    assert upper + lower == pytest.approx(1, abs=1e-9)


def test_planning_numbers_of_the_reference():
    """BCH and repetition-Golay failure rates as computed independently for the design."""
    assert Bch(degree=8, t=30).failure_bound(0.05) == pytest.approx(5.4e-6, rel=0.02)
    assert Bch(degree=9, t=55).failure_bound(0.05) == pytest.approx(5e-8, rel=0.02)
    assert Bch(degree=10, t=115).failure_bound(0.08) == pytest.approx(1.1e-4, rel=0.05)
    assert Concatenated(Blocks(Golay(), 11), Repetition(11)).failure_bound(0.1) == pytest.approx(7.4e-10, rel=0.02)
    assert Concatenated(Blocks(Golay(), 11), Repetition(9)).failure_bound(0.1) == pytest.approx(6.1e-8, rel=0.02)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_bounds_hold_in_simulation(name):
    """No family fails more often than it says."""
    code = FAMILIES[name]()
    found = estimate(code, 0.1, generator=np.random.default_rng(1), words=1500)
    assert found.low <= code.failure_bound(0.1) + 1e-12


@pytest.mark.parametrize("near", [None, "codewords"])
def test_importance_sampling_finds_rare_failures(near):
    """BCH(31, 16, 3) at 0.3 %: the exact rate, 2e-6, lies in the interval of 20,000 words, with and without pushing."""
    code = Bch(degree=5, t=3)
    words = code.encode(np.eye(16, dtype=np.uint8)) if near else None
    found = estimate(code, 0.003, generator=np.random.default_rng(2), words=20_000, raised=0.1, near=words)
    assert found.low < code.failure_bound(0.003) < found.high
    assert found.high < 1.5 * found.low
    assert found.failures > 1000


def test_no_failure_seen_is_no_proof():
    """Without a failure the upper end is 3 / words for plain counting, and 1 for importance sampling."""
    plain = estimate(Golay(), 0.001, generator=np.random.default_rng(1), words=100)
    raised = estimate(Golay(), 0.001, generator=np.random.default_rng(1), words=100, raised=0.002)
    assert (plain.failures, plain.probability, plain.high) == (0, 0, 0.03)
    assert (raised.failures, raised.high) == (0, 1.0)


def test_an_inner_block_code_is_bounded_by_spoiled_words():
    """Golay inside BCH: the bound counts inner words, and a simulation stays below it."""
    code = Concatenated(Bch(degree=6, t=7, shortened=3), Golay())
    found = estimate(code, 0.1, generator=np.random.default_rng(3), words=1500)
    assert 0 < found.low < code.failure_bound(0.1) < 1


def test_impossible_rates_are_refused():
    """Rates over one half or below nothing, a lowered rate, no words."""
    code = Golay()
    for rate in (-0.1, 0.6, float("nan")):
        for each in (code, Repetition(3), Bch(degree=4, t=2)):
            with pytest.raises(ParameterError):
                each.failure_bound(rate)
    for fields in ({"error": 0.0}, {"error": 0.1, "raised": 0.05}, {"error": 0.1, "raised": 0.5}):
        with pytest.raises(ParameterError):
            estimate(code, **fields, generator=np.random.default_rng(1), words=10)
    with pytest.raises(ParameterError):
        estimate(code, 0.1, generator=np.random.default_rng(1), words=0)
    with pytest.raises(ParameterError):
        binomial_tail(3, 1, 1.5)
