"""The likelihood ratio: a range with its assumptions, right on average, never a bare number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingerprint.errors import ParameterError
from fingerprint.statistics import likelihood_ratio

positive = arrays(np.float64, st.integers(1, 12), elements=st.floats(-5, 5)).filter(lambda y: np.abs(y).max() > 1e-6)


@settings(max_examples=40, deadline=None)
@given(positive)
def test_it_is_one_on_average_over_all_codewords(all_scores, evidence):
    """E[LR] = 1 if the device has nothing to do with the suspect, so P(LR >= 1/alpha) <= alpha whatever is assumed."""
    scores = all_scores(evidence)
    ratios = [likelihood_ratio(evidence, float(t), effects=(0.5, 2.0), cap=300.0).log10 for t in scores]
    assert np.mean(10.0 ** np.array(ratios), axis=0) == pytest.approx([1.0, 1.0], rel=1e-9)


@given(st.floats(-15, 15), st.floats(0, 5))
def test_it_rises_with_the_score_up_to_its_cap(score, more):
    """Every effect's figure rises with t and stays at the declared cap."""
    y = np.linspace(1, 2, 200)
    low, high = likelihood_ratio(y, score), likelihood_ratio(y, score + more)
    assert all(a <= b <= 6.0 for a, b in zip(low.log10, high.log10, strict=True))
    assert high.capped == (max(high.log10) >= 6.0)
    assert low.range == (min(low.log10), max(low.log10))


def test_it_is_no_bare_number():
    """float() is refused; the assumptions come with the figure."""
    found = likelihood_ratio(np.ones(64), 5.0)
    assert len(found.assumptions) >= 4
    with pytest.raises(TypeError, match="assumptions"):
        float(found)


@pytest.mark.parametrize(
    "wrong", [{"effects": (4.0,)}, {"effects": (4.0, 3.0)}, {"effects": (0.0, 3.0)}, {"cap": 0.0}, {"score": np.nan}]
)
def test_undeclared_effects_are_refused(wrong):
    """One effect, effects that fall or are zero, no cap, no score."""
    with pytest.raises(ParameterError):
        likelihood_ratio(np.ones(4), **{"score": 1.0, **wrong})
