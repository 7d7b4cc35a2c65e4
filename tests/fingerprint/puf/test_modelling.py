"""Arbiter PUFs are learned from their responses: the reason why keys come from weak PUFs."""

import numpy as np
import pytest

from fingerprint.errors import ParameterError
from fingerprint.puf import ArbiterPuf, DelayParameters, challenges
from fingerprint.puf.modelling import _logit, _slope, learn


@pytest.mark.parametrize(("chains", "count", "accuracy"), [(1, 1000, 0.94), (2, 8000, 0.95), (3, 15_000, 0.93)])
def test_chains_are_learned(chains, count, accuracy):
    """A thousand noisy responses clone an arbiter PUF, some thousands an XOR of two or three."""
    target = ArbiterPuf.manufacture("target", chains, stages=64, chains=chains)
    rng = np.random.default_rng(1)
    seen, unseen = (challenges.random(rng, count=n, stages=64) for n in (count, 5000))
    clone = learn(seen, target.respond(seen, rng), chains=chains, generator=np.random.default_rng(2))
    assert (clone.predict(unseen) == target.respond(unseen)).mean() > accuracy
    assert 0 < clone.epochs <= 200


def test_random_responses_cannot_be_learned():
    """Coins are predicted no better than coins."""
    rng = np.random.default_rng(1)
    asked = challenges.random(rng, count=4000, stages=64)
    coins = rng.integers(0, 2, 4000, dtype=np.uint8)
    clone = learn(asked[:2000], coins[:2000], chains=1, generator=rng, epochs=30)
    assert 0.45 < (clone.predict(asked[2000:]) == coins[2000:]).mean() < 0.55


def test_a_noise_free_chain_ends_early():
    """Once the responses are reproduced the run is over, and the clone says how well it agrees."""
    target = ArbiterPuf.manufacture("easy", stages=16, parameters=DelayParameters(noise=0))
    asked = challenges.random(np.random.default_rng(1), count=3000, stages=16)
    clone = learn(asked, target.respond(asked), chains=1, generator=np.random.default_rng(2), epochs=2000)
    assert clone.epochs < 2000
    assert clone.agreement >= 0.995
    assert clone.agreement == pytest.approx((clone.predict(asked) == target.respond(asked)).mean(), abs=1e-3)


def test_the_slope_is_that_of_the_loss():
    """The gradient agrees with differences of the mean logistic loss."""
    rng = np.random.default_rng(1)
    phi = challenges.features(challenges.random(rng, count=40, stages=5))
    signs = rng.choice([-1, 1], 40).astype(np.float32)
    weights = rng.normal(size=(3, 6)).astype(np.float32)

    def loss(at) -> float:
        return np.log1p(np.exp(-signs * _logit(phi.astype(np.float64), at))).mean()

    slope = _slope(phi, signs, weights)
    for chain in range(3):
        for stage in range(6):
            step = np.zeros((3, 6))
            step[chain, stage] = 1e-5
            numeric = (loss(weights + step) - loss(weights - step)) / 2e-5
            assert slope[chain, stage] == pytest.approx(numeric, abs=1e-4)


def test_unfit_data_is_refused():
    """Responses of another length or type, no response, no chain, no epoch."""
    asked = challenges.random(np.random.default_rng(1), count=10, stages=8)
    good = np.zeros(10, dtype=np.uint8)
    rng = np.random.default_rng(1)
    for seen, answers in ((asked, good[:9]), (asked, good.astype(np.int64)), (asked[:0], good[:0])):
        with pytest.raises(ParameterError, match="responses"):
            learn(seen, answers, chains=1, generator=rng)
    with pytest.raises(ParameterError, match="chains"):
        learn(asked, good, chains=0, generator=rng)
    with pytest.raises(ParameterError, match="epochs"):
        learn(asked, good, chains=1, generator=rng, epochs=0)
    with pytest.raises(ParameterError, match="challenges"):
        learn(asked, good, chains=1, generator=rng, epochs=1).predict(asked[:, 1:])
