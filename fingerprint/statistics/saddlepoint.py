"""The tail of one evidence by saddle point: an approximation, never a bound.

K(s) = sum_i log cosh(a_i s) is the cumulant generating function of t. With K'(s) = x, w = sqrt(2 (s x - K(s))) and
u = s sqrt(K''(s)) (Lugannani and Rice, Advances in Applied Probability 12(2), 1980),

    P(t >= x) ~ Q(w) + phi(w) (1 / u - 1 / w)

Good to a few percent where many carriers count, wrong where a few carriers decide (t then sits on a coarse lattice).
For planning and pictures. A verdict uses `tail_bound` or `exact_tail`.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import log_ndtr

from fingerprint.errors import ParameterError
from fingerprint.statistics.bounds import tail_bound
from fingerprint.statistics.exact import Floats, unit_weights

_CENTRE = 1e-3  # below it 1/u - 1/w is a difference of huge numbers, and the tail is one half within 4e-4


def saddlepoint_tail(evidence: ArrayLike, score: float) -> float:
    """About P(t >= score) over a uniform codeword, at most `tail_bound(score)`. NOT an upper bound itself.

    Args:
        evidence: y, finite, (L,), not all zero.
        score: x.

    Raises:
        ParameterError: no evidence, or NaN.

    Example:
        >>> round(saddlepoint_tail(np.ones(20), 1.0), 3), saddlepoint_tail([3.0, 4.0], 1.5)
        (0.161, 0.0)
    """
    weights = unit_weights(evidence)
    if np.isnan(score):
        raise ParameterError("the score is NaN; there is no tail to speak of")
    if score < 0:
        return 1.0 - saddlepoint_tail(evidence, -score)
    if score < _CENTRE:
        return 0.5
    top = float(weights.sum())
    if score >= top * (1 - 1e-9):
        return float(0.5 ** np.count_nonzero(weights)) if score <= top * (1 + 1e-12) else 0.0
    return min(_lugannani_rice(weights, score, _tilt(weights, score)), float(tail_bound(score)))


def cumulant(weights: Floats, tilt: float) -> float:
    """K(s) = sum_i log cosh(a_i s), without overflow.

    Example:
        >>> round(cumulant(np.array([1.0]), 1.0), 6)
        0.433781
    """
    v = weights * tilt
    return float((np.logaddexp(v, -v) - np.log(2)).sum())


def _tilt(weights: Floats, score: float) -> float:
    def gap(tilt: float) -> float:
        return float(weights @ np.tanh(weights * tilt)) - score

    upper = max(1.0, score)
    while gap(upper) < 0:
        upper *= 2
    return float(brentq(gap, 0.0, upper, xtol=1e-12, rtol=1e-12))


def _lugannani_rice(weights: Floats, score: float, tilt: float) -> float:
    w = float(np.sqrt(2 * max(tilt * score - cumulant(weights, tilt), 0.0)))
    u = tilt * float(np.sqrt(((weights / np.cosh(np.minimum(weights * tilt, 350.0))) ** 2).sum()))
    density = np.exp(-0.5 * w * w) / np.sqrt(2 * np.pi)
    return float(np.clip(np.exp(log_ndtr(-w)) + density * (1 / u - 1 / w), 0.0, 1.0))
