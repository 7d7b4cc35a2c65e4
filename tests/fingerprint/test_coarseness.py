"""Rounding and smoothing are read off the answers, and undone where they can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from fingerprint import seeds
from fingerprint.coarseness import is_rounded, uniform_share, without_uniform
from fingerprint.observation import observe

N, C = 300, 10
LOGITS = 6 * seeds.stream("tests", "confident").normal(size=(N, C))
SOFT = seeds.stream("tests", "soft").normal(size=(N, C))


def seen(kind, values):
    """The observation of these answers."""
    return observe(kind, values, probes=N, classes=C)


@given(st.integers(1, 6), st.sampled_from(["float32", "float64"]))
def test_rounded_answers_are_recognised(digits, dtype):
    """To six digits or fewer, in either precision; unrounded answers of the same network are not."""
    assert not is_rounded(softmax(LOGITS, axis=1).astype(dtype).astype(float))
    assert is_rounded(np.round(softmax(LOGITS, axis=1), digits).astype(dtype).astype(float))


@given(st.floats(0.001, 0.9))
def test_smoothing_is_found_and_undone(share):
    """q = (1 - a) p + a / C: the share is found and p comes back, for a confident network."""
    p = softmax(LOGITS, axis=1)
    mixed = (1 - share) * p + share / C
    found = uniform_share(mixed)
    assert found == pytest.approx(share, rel=1e-3)
    assert np.allclose(without_uniform(mixed, found), p, atol=1e-5)


@pytest.mark.parametrize("logits", [LOGITS, SOFT, 0.1 * SOFT])
def test_honest_answers_have_no_floor(logits):
    """Neither confident nor soft networks are taken for smoothed ones."""
    assert uniform_share(softmax(logits, axis=1)) == 0.0


@pytest.mark.parametrize(
    ("kind", "values", "fine"),
    [
        ("logits", LOGITS, True),
        ("logprobs", log_softmax(LOGITS, axis=1), True),
        ("probs", softmax(LOGITS, axis=1), True),
        ("probs", np.round(softmax(LOGITS, axis=1), 3), False),
        ("probs", 0.9 * softmax(LOGITS, axis=1) + 0.01, False),
        ("logits", np.log(0.9 * softmax(LOGITS, axis=1) + 0.01), False),
        ("labels", LOGITS.argmax(axis=1), False),
    ],
)
def test_which_answers_tell_small_probabilities_apart(kind, values, fine):
    """Unrounded, unsmoothed logits, log-probabilities and probabilities; nothing else."""
    assert seen(kind, values).fine == fine


def test_smoothed_logits_read_like_the_network_behind_them():
    """The probabilities are those before smoothing."""
    smoothed = seen("logits", np.log(0.9 * softmax(LOGITS, axis=1) + 0.01))
    assert np.allclose(smoothed.probabilities, softmax(LOGITS, axis=1), atol=1e-4)


def test_tempering_is_a_temperature():
    """softmax(log q / T) of logits is softmax(z / T), and of probabilities the same."""
    expected = softmax(LOGITS / 4, axis=1)
    assert np.allclose(seen("logits", LOGITS).tempered(4.0), expected)
    assert np.allclose(seen("probs", softmax(LOGITS, axis=1)).tempered(4.0), expected)
