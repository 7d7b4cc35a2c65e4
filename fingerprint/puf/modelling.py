"""Modelling attack: learn an arbiter PUF from its challenges and responses, to show that it must not hold a key.

    P(r = 1 | c) = 1 / (1 + exp(-y)),   y = -prod_l (-w_l . phi(c)),   l = 1 .. k

Logistic regression on the product of k linear delay models (Ruehrmair et al., CCS 2010), by Adam on mini-batches with a
falling step. With k = 1 the loss is convex and a few hundred responses suffice; the number needed grows about
exponentially with k. A run may end in a local optimum: then start again with more responses or another generator.
"""

from dataclasses import dataclass

import numpy as np

from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits, Reals, check_count
from fingerprint.puf.challenges import check, features
from fingerprint.puf.delay import xor_of
from fingerprint.puf.linear import evaluate

_RATE, _DECAY, _DECAY_SQUARED, _TINY = 0.02, 0.9, 0.999, 1e-8  # Adam (Kingma and Ba 2015), step size ours
_BATCH = 1000
_GOOD = 0.995  # agreement on the training set at which a run is over


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clone:
    """A learned model of an XOR of k arbiter chains.

    Attributes:
        weights: (k, n + 1).
        agreement: share of the training responses that it gives.
        epochs: passes over the training set.
    """

    weights: Reals
    agreement: float
    epochs: int

    def predict(self, challenges: Bits) -> Bits:
        """Predicted responses, uint8 (count,), to challenges (count, n).

        Raises:
            ParameterError: challenges of another length, type or value.
        """
        check(challenges, self.weights.shape[1] - 1)
        return xor_of(evaluate(self.weights, challenges))


def learn(
    challenges: Bits, responses: Bits, *, chains: int, generator: np.random.Generator, epochs: int = 200
) -> Clone:
    """A model of the PUF that answered, as an XOR of `chains` chains.

    Args:
        challenges: (count, n).
        responses: uint8 (count,); noise in them is tolerated.
        chains: k.
        generator: initial weights and batches.
        epochs: passes over the data after which to stop, early when 99.5 % of the responses are reproduced.

    Example:
        >>> from fingerprint.puf import ArbiterPuf
        >>> from fingerprint.puf.challenges import random
        >>> rng = np.random.default_rng(1)
        >>> target, asked = ArbiterPuf.manufacture("target", stages=64), random(rng, count=4000, stages=64)
        >>> clone = learn(asked[:2000], target.respond(asked[:2000]), chains=1, generator=rng)
        >>> bool((clone.predict(asked[2000:]) == target.respond(asked[2000:])).mean() > 0.95)
        True

    Raises:
        ParameterError: challenges and responses that do not fit, no chain, no epoch.
    """
    check_count("chains", chains)
    check_count("epochs", epochs)
    check(challenges, challenges.shape[-1])
    if responses.shape != (len(challenges),) or responses.dtype != np.uint8 or not len(responses):
        raise ParameterError(f"responses must be uint8 ({len(challenges)},), at least one, not {responses.shape}")
    phi = features(challenges)
    signs = 2 * responses.astype(np.float32) - 1
    scale = np.float32(1 / np.sqrt(phi.shape[1]))
    weights = (generator.standard_normal((chains, phi.shape[1])) * scale).astype(np.float32)
    return _descend(phi, signs, weights, generator, epochs)


def _descend(phi: Reals, signs: Reals, weights: Reals, generator: np.random.Generator, epochs: int) -> Clone:
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    steps, agreement, epoch = 0, 0.0, 0
    while epoch < epochs and agreement < _GOOD:
        rate = _RATE * (1 - epoch / epochs)
        epoch += 1
        order = generator.permutation(len(signs))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            slope = _slope(phi[batch], signs[batch], weights)
            steps += 1
            first += (1 - _DECAY) * (slope - first)
            second += (1 - _DECAY_SQUARED) * (slope**2 - second)
            unbiased = first / (1 - _DECAY**steps)
            weights = weights - rate * unbiased / (np.sqrt(second / (1 - _DECAY_SQUARED**steps)) + _TINY)
        agreement = float((_logit(phi, weights) * signs > 0).mean())
    return Clone(weights=weights.astype(np.float32), agreement=agreement, epochs=epoch)


def _logit(phi: Reals, weights: Reals) -> Reals:
    """y of every row: the sign of the product of chains, positive for response 1."""
    product: Reals = -np.prod(-(phi @ weights.T), axis=1)
    return product


def _slope(phi: Reals, signs: Reals, weights: Reals) -> Reals:
    """Gradient of the mean logistic loss with respect to the weights, (k, n + 1)."""
    delays = -(phi @ weights.T)
    logit = -np.prod(delays, axis=1)
    push = -signs / (1 + np.exp(np.clip(signs * logit, -30, 30)))
    others = np.stack([np.prod(np.delete(delays, chain, axis=1), axis=1) for chain in range(len(weights))], axis=1)
    slope: Reals = (push[:, None] * others).T @ phi / np.float32(len(signs))
    return slope
