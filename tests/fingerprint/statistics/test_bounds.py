"""The bounds of every verdict: they bound, for evidence of any shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.statistics import bentkus_dzindzalieta, family_wise, hoeffding, single_alpha, tail_bound, threshold

CARRIERS, CODEWORDS = 40, 1_000_000
magnitudes = st.floats(-1e6, 1e6, allow_nan=False) | st.sampled_from([0.0, 1.0, 1e-6])
evidences = arrays(np.float64, CARRIERS, elements=magnitudes).filter(lambda y: np.abs(y).max() > 1e-9)


@pytest.fixture(scope="module")
def codewords():
    """10^6 codewords of 40 signs from the generator that draws real ones, float32 for speed."""
    signs = seeds.signs(b"tail bound test" * 3, "codewords", count=CODEWORDS * CARRIERS)
    return signs.reshape(CODEWORDS, CARRIERS).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(evidences)
def test_the_tail_bound_bounds_a_million_random_codewords(codewords, evidence):
    """No fixed evidence, however made, scores high with more codewords than the bound allows, sampling error apart."""
    unit = evidence / np.abs(evidence).max()
    scores = np.sort(codewords @ (unit / np.linalg.norm(unit)).astype(np.float32))
    grid = np.linspace(0.1, 6.0, 60)
    observed = CODEWORDS - np.searchsorted(scores, grid + 1e-5)  # float32 scores: leave their rounding aside
    allowed = CODEWORDS * tail_bound(grid)
    assert (observed <= allowed + 6 * np.sqrt(allowed) + 6).all()


@given(arrays(np.float64, st.integers(1, 12), elements=magnitudes).filter(lambda y: np.abs(y).max() > 1e-9))
def test_both_bounds_hold_for_every_codeword_there_is(all_scores, evidence):
    """Enumerated: at every score that a codeword can reach, the tail is at most either bound."""
    scores = np.sort(all_scores(evidence))
    at_least = (scores.size - np.searchsorted(scores, scores - 1e-12)) / scores.size
    for bound in (hoeffding, bentkus_dzindzalieta, tail_bound):
        assert (at_least <= bound(scores - 1e-9)).all()


def test_the_constant_is_reached():
    """Two equal carriers at sqrt 2: P = 1/4, the case that makes the constant the best possible."""
    assert float(bentkus_dzindzalieta(np.sqrt(2))) == pytest.approx(0.25, rel=1e-12)


@given(st.floats(1e-12, 0.5), st.integers(1, 10**9))
def test_sidak_and_its_inverse(alpha, tests):
    """family_wise(single_alpha(alpha, N), N) = alpha, and the threshold is where the bound gets there."""
    assert float(family_wise(single_alpha(alpha, tests), tests)) == pytest.approx(alpha, rel=1e-9)
    least = threshold(alpha, tests)
    assert float(family_wise(tail_bound(least), tests)) == pytest.approx(alpha, rel=1e-6)


@given(st.floats(-5, 20), st.floats(0, 5))
def test_bounds_fall(score, more):
    """A higher score never has the larger p; no evidence at all (NaN) accuses nobody."""
    assert tail_bound(score + more) <= tail_bound(score)
    assert tail_bound(np.nan) == 1.0


def test_bad_parameters_are_refused():
    """No hypotheses, probabilities outside 0..1."""
    for wrong in (
        lambda: family_wise(0.1, 0),
        lambda: family_wise(1.5, 3),
        lambda: single_alpha(0.0, 3),
        lambda: single_alpha(0.1, 0),
    ):
        with pytest.raises(ParameterError):
            wrong()
