"""Arbiter PUFs: every kind keeps the laws of its contract, and the fast path is the stage-by-stage model."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.errors import ParameterError
from fingerprint.puf import HOT, NOMINAL, ArbiterPuf, DelayParameters, FeedForwardPuf, InterposePuf, challenges
from fingerprint.puf.delay import Chains
from fingerprint.puf.linear import evaluate


def _kinds(seed, noise=0.05) -> dict:
    parameters = DelayParameters(noise=noise)
    return {
        "arbiter": ArbiterPuf.manufacture(seed, stages=32, parameters=parameters),
        "xor": ArbiterPuf.manufacture(seed, stages=70, chains=4, parameters=parameters),
        "feed-forward": FeedForwardPuf(
            chains=Chains.manufacture(seed, stages=40, chains=2, parameters=parameters), loops=((9, 20), (19, 33))
        ),
        "interpose": InterposePuf(
            upper=ArbiterPuf.manufacture(seed, "up", stages=32, parameters=parameters),
            lower=ArbiterPuf.manufacture(seed, "down", stages=33, chains=2, parameters=parameters),
            position=16,
        ),
    }


KINDS = sorted(_kinds(0))


@pytest.mark.parametrize("kind", KINDS)
def test_laws(kind):
    """Same words same chip, other words another; bits of the right shape; noise only from the generator; half ones."""
    one, same, other = (_kinds(seed)[kind] for seed in (1, 1, 2))
    asked = challenges.random(np.random.default_rng(3), count=4000, stages=one.stages)
    clean = one.respond(asked)
    assert (clean.shape, clean.dtype, one.shape) == ((4000,), np.uint8, ())
    assert np.array_equal(clean, one.respond(asked))
    assert np.array_equal(clean, same.respond(asked))
    assert 0.3 < (clean != other.respond(asked)).mean() < 0.7
    assert 0.2 < clean.mean() < 0.8
    noisy, again = (one.respond(asked, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(noisy, again)
    assert 0 < (noisy != clean).mean() < 0.3
    assert 0 < (one.respond(asked, environment=HOT) != clean).mean() < 0.3
    silent = _kinds(1, noise=0.0)[kind]
    assert np.array_equal(silent.respond(asked, np.random.default_rng(5)), silent.respond(asked))


@pytest.mark.parametrize("kind", KINDS)
def test_other_challenges_are_refused(kind):
    """Another length, one challenge without batch axis, signs instead of bits, values over 1."""
    puf = _kinds(1)[kind]
    good = np.zeros((3, puf.stages), dtype=np.uint8)
    for bad in (good[:, 1:], good[0], good.astype(np.int8), good + np.uint8(2)):
        with pytest.raises(ParameterError, match="challenges"):
            puf.respond(bad)
    assert puf.respond(good[:0]).shape == (0,)


@settings(max_examples=20)
@given(st.integers(1, 140), st.integers(1, 40), st.integers(0, 2**32))
def test_the_fast_path_is_the_plain_formula(stages, columns, seed):
    """Tables and matrix products both give w . phi(c), for any number of stages and columns."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(columns, stages + 1)).astype(np.float32)
    asked = challenges.random(rng, count=50, stages=stages)
    assert np.allclose(evaluate(weights, asked), challenges.features(asked) @ weights.T, atol=1e-4)


def test_delays_are_those_of_the_stages():
    """Delta follows Delta_i = (1 - 2c_i)(Delta_{i-1} + alpha_i) + beta_i stage by stage, after every stage."""
    chains = Chains.manufacture("stages", stages=20, chains=3)
    asked = challenges.random(np.random.default_rng(1), count=30, stages=20)
    delta = np.zeros((30, 3))
    for stage in range(20):
        sign = 1 - 2.0 * asked[:, stage, None]
        delta = sign * (delta + chains.alpha[:, stage]) + chains.beta[:, stage]
        fast = chains.delays(asked[:, : stage + 1], None, NOMINAL, upto=stage + 1)
        assert np.allclose(fast, delta, atol=1e-4)


def test_feed_forward_by_hand():
    """A loop replaces its target bit by the sign of the delay at its tap, chain by chain."""
    chains = Chains.manufacture("loops", stages=24, chains=2)
    puf = FeedForwardPuf(chains=chains, loops=((5, 12),))
    asked = challenges.random(np.random.default_rng(1), count=200, stages=24)
    expected = np.zeros(200, dtype=np.uint8)
    for chain in range(2):
        alpha, beta = chains.alpha[chain], chains.beta[chain]
        for row in range(200):
            bits, delta = asked[row].copy(), 0.0
            for stage in range(24):
                delta = (1 - 2.0 * bits[stage]) * (delta + alpha[stage]) + beta[stage]
                if stage == 5:
                    bits[12] = delta > 0
            expected[row] ^= delta > 0
    assert np.array_equal(puf.respond(asked), expected)
    flipped = asked.copy()
    flipped[:, 12] ^= 1
    assert np.array_equal(puf.respond(flipped), expected)


def test_interpose_by_hand():
    """The upper response goes in at the position, nothing else changes."""
    puf = _kinds(1)["interpose"]
    asked = challenges.random(np.random.default_rng(1), count=50, stages=32)
    longer = np.insert(asked, 16, puf.upper.respond(asked), axis=1)
    assert np.array_equal(puf.respond(asked), puf.lower.respond(longer))


def test_batches_are_vectorised_over_devices():
    """A batch answers (devices, count); every device is another function; feed-forward batches too."""
    asked = challenges.random(np.random.default_rng(1), count=500, stages=64)
    batch = ArbiterPuf.manufacture("batch", stages=64, chains=3, devices=5)
    answers = batch.respond(asked)
    assert (answers.shape, batch.shape) == ((5, 500), (5,))
    weights = batch.chains.weights()
    slow = (np.einsum("dkn,cn->dck", weights, challenges.features(asked)) > 0).sum(axis=2) % 2
    assert np.array_equal(answers, slow)
    chains = Chains.manufacture("batch", stages=64, chains=2, devices=3)
    assert FeedForwardPuf(chains=chains, loops=((3, 9),)).respond(asked).shape == (3, 500)


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.25])
def test_reliability_follows_the_formula(noise):
    """Two reads of one chain agree with probability 1 - arccos(1 / (1 + noise^2)) / pi, over many chips."""
    chips = ArbiterPuf.manufacture("noise", stages=64, devices=40, parameters=DelayParameters(noise=noise))
    asked = challenges.random(np.random.default_rng(1), count=4000, stages=64)
    rng = np.random.default_rng(2)
    agreement = (chips.respond(asked, rng) == chips.respond(asked, rng)).mean()
    assert agreement == pytest.approx(1 - math.acos(1 / (1 + noise**2)) / math.pi, abs=0.01)


def test_impossible_pufs_are_refused():
    """No stages, backward loops, doubled targets, batches or wrong sizes in an interpose PUF, negative noise."""
    with pytest.raises(ParameterError, match="stages"):
        ArbiterPuf.manufacture("x", stages=0)
    with pytest.raises(ParameterError, match="devices"):
        ArbiterPuf.manufacture("x", devices=0)
    with pytest.raises(ParameterError, match="noise"):
        DelayParameters(noise=-1)
    chains = Chains.manufacture("x", stages=16, chains=1)
    for loops in (((5, 5),), ((5, 16),), ((1, 9), (2, 9)), ((3, 9), (1, 8))):
        with pytest.raises(ParameterError, match="loops"):
            FeedForwardPuf(chains=chains, loops=loops)
    one, batch = ArbiterPuf.manufacture("x", stages=16), ArbiterPuf.manufacture("x", stages=17, devices=2)
    with pytest.raises(ParameterError, match="single chips"):
        InterposePuf(upper=one, lower=batch, position=3)
    with pytest.raises(ParameterError, match="one stage more"):
        InterposePuf(upper=one, lower=one, position=3)
    with pytest.raises(ParameterError, match="count"):
        challenges.random(np.random.default_rng(1), count=0, stages=4)
