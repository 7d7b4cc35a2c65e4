"""The exact tail against the slow obvious one: every codeword counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingerprint.errors import ParameterError
from fingerprint.statistics import exact_tail, saddlepoint_tail, tail_bound

magnitudes = st.floats(-1e6, 1e6, allow_nan=False) | st.sampled_from([0.0, 1.0, -2.0, 1e-3])


def share(scores: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """P(t >= x) by counting; scores sorted."""
    return (scores.size - np.searchsorted(scores, grid)) / scores.size


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.integers(1, 16), elements=magnitudes).filter(lambda y: np.abs(y).max() > 1e-9))
def test_between_its_bounds_lies_the_truth(all_scores, evidence):
    """lower(x) <= P(t >= x) <= upper(x) at, just below and just above every score that exists."""
    tail, scores = exact_tail(evidence), np.sort(all_scores(evidence))
    step = max(1, scores.size // 2000)
    atoms = scores[::step]
    for grid in (atoms - 1e-10, atoms + 1e-10, np.linspace(-5, 5, 201)):
        assert (tail(grid) >= share(scores, grid)).all()
        assert (tail.lower(grid) <= share(scores, grid)).all()


@pytest.mark.parametrize("kind", ["normal", "equal", "one-hot", "few", "geometric", "integers"])
def test_twenty_carriers_enumerated(all_scores, kind):
    """L = 20, all 1,048,576 codewords: the upper bound is the true tail at a score at most 2 r away, no looser."""
    rng = np.random.default_rng(5)
    evidence = {
        "normal": rng.normal(size=20),
        "equal": np.ones(20),
        "one-hot": np.eye(20)[3],
        "few": np.r_[rng.normal(size=4), np.zeros(16)],
        "geometric": 2.0 ** -np.arange(20),
        "integers": np.arange(1.0, 21.0),
    }[kind]
    tail, scores = exact_tail(evidence), np.sort(all_scores(evidence))
    grid = np.linspace(-6, 6, 4001)
    upper, lower = tail(grid), tail.lower(grid)
    assert (upper >= share(scores, grid)).all()
    assert (lower <= share(scores, grid)).all()
    assert (upper <= share(scores, grid - 2 * tail.shift - 1e-9) * (1 + 1e-9) + 1e-299).all()
    assert tail.shift <= 0.02


def test_equal_carriers_are_binomial():
    """Evidence of one size sits on the lattice: the tail is the binomial's, to the last digits, far into the tail."""
    tail = exact_tail(-np.ones(300))
    every = (2 * 300 - 300) / np.sqrt(300)
    assert float(tail(every)) == pytest.approx(2.0**-300, rel=1e-9)
    assert float(tail.lower(every)) == pytest.approx(2.0**-300, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(arrays(np.float64, 64, elements=st.floats(-10, 10)).filter(lambda y: np.abs(y).max() > 1e-9))
def test_never_looser_than_the_theorem_and_falling(evidence):
    """The reported p is at most tail_bound, falls with the score, and 1 without evidence (NaN)."""
    tail, grid = exact_tail(evidence), np.linspace(-9, 9, 400)
    p = tail(grid)
    assert (p <= tail_bound(grid)).all()
    assert (np.diff(p) <= 0).all()
    assert tail(np.nan) == 1.0
    assert tail.lower(np.nan) == 0.0


@settings(max_examples=20, deadline=None)
@given(arrays(np.float64, 32, elements=st.floats(0.1, 10)), st.floats(1e-12, 0.4))
def test_the_threshold_keeps_its_promise(evidence, p_value):
    """At the threshold the upper bound is at most p, and the theorem's threshold is never below it."""
    tail = exact_tail(evidence)
    least = tail.threshold(p_value)
    assert tail(least) <= p_value * (1 + 1e-9)


def test_finer_resolution_is_closer():
    """A tenth of the resolution leaves about a tenth of the gap."""
    y = np.random.default_rng(1).normal(size=100)
    gaps = [float(np.log(t(6.0) / t.lower(6.0))) for t in (exact_tail(y), exact_tail(y, resolution=0.001))]
    assert gaps[1] < 0.2 * gaps[0] < 0.05


def test_the_saddle_point_is_near_and_called_an_approximation():
    """Within 3 % of the exact tail for 216 ordinary carriers; exact at the ends; no bound for few carriers."""
    y = np.random.default_rng(2).normal(size=216)
    tail = exact_tail(y, resolution=0.001)
    for score in (0.0, 0.5, 2.0, 5.0, 9.0, -1.0):
        middle = float(np.sqrt(tail(score) * tail.lower(score)))
        assert saddlepoint_tail(y, score) == pytest.approx(middle, rel=0.03)
    assert saddlepoint_tail(np.ones(4), 2.0) == 1 / 16
    assert saddlepoint_tail(np.ones(4), 2.1) == 0.0
    assert saddlepoint_tail(np.ones(2), 1e-6) == 0.5
    assert saddlepoint_tail(np.ones(4), 1.0) < 5 / 16  # the truth: not an upper bound


@pytest.mark.parametrize("evidence", [[], [0.0, 0.0], [1.0, np.nan], [[1.0, 2.0]], [np.inf]])
def test_no_evidence_is_refused(evidence):
    """Empty, zero, NaN, infinite or of two dimensions."""
    for function in (exact_tail, lambda y: saddlepoint_tail(y, 1.0)):
        with pytest.raises(ParameterError):
            function(evidence)


def test_other_refusals():
    """Too fine a lattice, a p-value outside 0..1, a score that is NaN."""
    with pytest.raises(ParameterError, match="coarser"):
        exact_tail(np.ones(5000) + np.linspace(0, 1e-3, 5000), resolution=1e-6)
    with pytest.raises(ParameterError):
        exact_tail([1.0, 2.0]).threshold(0.0)
    with pytest.raises(ParameterError):
        saddlepoint_tail([1.0, 2.0], np.nan)
