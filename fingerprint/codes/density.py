"""Density evolution: how often plain successive cancellation of a polar code fails, as a bound and not as a fit.

A binary memoryless symmetric channel is a mixture of binary symmetric channels: weights w and error probabilities q.
One polar step makes of two channels a worse one and a better one (Arikan 2009, eq. 19 and 20):

    minus: q = a * b                      (a * b = a(1-b) + b(1-a)), weight w v
    plus:  q = ab/p1 with weight w v p1,  q = min(a(1-b), (1-a)b)/p2 with weight w v p2,  p1 = ab + (1-a)(1-b) = 1 - p2

Components that fall into one bin are replaced by their mean: a degraded channel (Tal and Vardy 2013), so that every
error probability below is an upper bound for the exact decoder.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

Floats = NDArray[np.float64]
_NOTHING = 1e-60  # weight below which a component counts as pure noise
_PERFECT = 1e-25  # errors of a subtree below which its channels need not be told apart
_USELESS = 1e-3  # knowledge in a subtree below which its channels are taken as pure noise


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """A mixture of binary symmetric channels: weights that sum to 1, and error probabilities in [0, 1/2]."""

    weights: Floats
    errors: Floats

    @property
    def error(self) -> float:
        """Probability that the best guess from one output is wrong."""
        return float(self.weights @ self.errors)

    @property
    def knowledge(self) -> float:
        """Mean of (1 - 2q)^2, which grows and falls with the capacity; 0 is pure noise."""
        return float(self.weights @ (1 - 2 * self.errors) ** 2)


def symmetric(error: float) -> Channel:
    """The binary symmetric channel with a crossover probability from 0 to 1/2; 1/2 is a punctured bit.

    Raises:
        ParameterError: another probability.
    """
    if not 0 <= error <= 0.5:
        raise ParameterError(f"a bit error rate of {error}; it must lie between 0 and 1/2")
    return Channel(np.ones(1), np.array([error]))


def bit_errors(runs: list[tuple[Channel, int]], *, bins: int = 64) -> Floats:
    """Upper bounds of the error probability of every bit channel, in decoding order.

    Args:
        runs: channels of the coded bits in natural order, run-length coded; the lengths sum to a power of two.
        bins: components kept per channel; more are tighter and slower (time grows with the square).

    Example:
        >>> bit_errors([(symmetric(0.1), 2)]).round(4).tolist()
        [0.18, 0.1]
    """
    size = sum(count for _, count in runs)
    if size == 1:
        return np.array([runs[0][0].error])
    wrong = sum(count * channel.error for channel, count in runs)
    if wrong < _PERFECT:  # no bit channel errs more often than all coded bits together
        return np.full(size, wrong)
    if sum(count * channel.knowledge for channel, count in runs) < _USELESS:
        return np.full(size, 0.5)
    worse: list[tuple[Channel, int]] = []
    better: list[tuple[Channel, int]] = []
    for a, b, count in _paired(runs, size // 2):
        worse.append((_minus(a, b, bins), count))
        better.append((_plus(a, b, bins), count))
    return np.concatenate([bit_errors(worse, bins=bins), bit_errors(better, bins=bins)])


def _paired(runs: list[tuple[Channel, int]], half: int) -> list[tuple[Channel, Channel, int]]:
    """Runs of pairs (x_j, x_{j + half})."""
    ends = np.cumsum([count for _, count in runs])
    cuts = sorted({0, half} | {int(end) % half for end in ends})
    at = [runs[int(np.searchsorted(ends, position, side="right"))][0] for position in cuts[:-1]]
    then = [runs[int(np.searchsorted(ends, position + half, side="right"))][0] for position in cuts[:-1]]
    return [(a, b, end - start) for a, b, start, end in zip(at, then, cuts, cuts[1:], strict=False)]


def _minus(a: Channel, b: Channel, bins: int) -> Channel:
    p, q = a.errors[:, None], b.errors[None]
    return _merged((a.weights[:, None] * b.weights[None]).ravel(), (p * (1 - q) + q * (1 - p)).ravel(), bins)


def _plus(a: Channel, b: Channel, bins: int) -> Channel:
    p, q = a.errors[:, None], b.errors[None]
    weight = a.weights[:, None] * b.weights[None]
    both, same = p * q, p * q + (1 - p) * (1 - q)
    one, other = p * (1 - q), (1 - p) * q
    apart = one + other
    weights = np.concatenate([(weight * same).ravel(), (weight * apart).ravel()])
    errors = np.concatenate([(both / same).ravel(), (np.minimum(one, other) / np.maximum(apart, 1e-300)).ravel()])
    return _merged(weights, errors, bins)


def _merged(weights: Floats, errors: Floats, bins: int) -> Channel:
    """At most `bins` components; bins are even in q^(1/8), which is fine both near 0 and near 1/2."""
    if len(errors) > bins:
        place = np.minimum((errors / 0.5) ** 0.125 * bins, bins - 1).astype(np.intp)
        total = np.bincount(place, weights, bins).astype(np.float64)
        wrong = np.bincount(place, weights * errors, bins).astype(np.float64)
        kept = total > _NOTHING
        return Channel(total[kept], np.minimum(wrong[kept] / total[kept], 0.5))
    return Channel(weights, errors)
