"""Biased codewords."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.tracing import Bias, arcsine, uniform

KEY, NONCE = b"k" * 32, bytes(32)


@given(length=st.integers(1, 200), coalition=st.integers(1, 50))
@settings(deadline=None)
def test_arcsine_stays_between_its_cutoffs(length: int, coalition: int):
    """Every p lies between 1/(300 c) and its mirror, up to the lattice of 2^-16."""
    p = arcsine(KEY, length, coalition=coalition).plus
    edge = 1 / (300 * coalition) - 2.0**-16
    assert p.shape == (length,)
    assert p.min() >= min(edge, 2.0**-16 / 2)
    assert p.max() <= 1 - min(edge, 2.0**-16 / 2)


def test_arcsine_has_the_arcsine_distribution():
    """P(p < 1/4) is 1/3 and P(p < 1/2) is 1/2 under the arcsine law."""
    p = arcsine(KEY, 60_000, coalition=10, cutoff=2.0**-16).plus
    assert abs(float((p < 0.25).mean()) - 1 / 3) < 0.01
    assert abs(float((p < 0.5).mean()) - 1 / 2) < 0.01


def test_codewords_follow_their_bias():
    """The mean of many derived codewords is 2p - 1 at every position."""
    bias = arcsine(KEY, 40, coalition=3)
    words = np.stack([bias.derive(KEY, release="r", nonce=i.to_bytes(32, "big")) for i in range(4000)])
    error = np.abs(words.mean(axis=0) - bias.mean) / np.sqrt(bias.variance / len(words))
    assert error.max() < 4.5


def test_a_codeword_is_the_same_for_ever():
    """Key, release and nonce fix the codeword; another nonce gives another one."""
    bias = arcsine(KEY, 64, coalition=5)
    first = bias.derive(KEY, release="r", nonce=NONCE)
    assert (first == bias.derive(KEY, release="r", nonce=NONCE)).all()
    assert (first != bias.derive(KEY, release="r", nonce=b"\1" * 32)).any()
    assert bias.digest == arcsine(KEY, 64, coalition=5).digest != uniform(64).digest


def test_simulated_codewords_follow_the_bias_too():
    """`draw` has the distribution of `derive`."""
    bias = Bias(counts=np.array([1 << 14, 1 << 15, 3 << 14]))
    mean = bias.draw(seeds.stream("bias", "draw"), 40_000).mean(axis=0)
    assert np.abs(mean - bias.mean).max() < 0.02


@pytest.mark.parametrize("counts", [[], [0], [65536], [[1]]])
def test_a_certain_position_is_refused(counts: list[object]):
    """A probability of nought or one, no position or a matrix is an error."""
    with pytest.raises(ParameterError):
        Bias(counts=np.array(counts, dtype=np.int64))


def test_bad_parameters_are_refused():
    """Lengths, coalitions, cut-offs, nonces and releases that do not fit are named."""
    for call in (
        lambda: uniform(0),
        lambda: arcsine(KEY, 0, coalition=2),
        lambda: arcsine(KEY, 5, coalition=0),
        lambda: arcsine(KEY, 5, coalition=2, cutoff=0.7),
        lambda: uniform(5).derive(KEY, release="", nonce=NONCE),
        lambda: uniform(5).derive(KEY, release="r", nonce=b""),
    ):
        with pytest.raises(ParameterError):
            call()
