"""The probability of a false accusation: a theorem, not a fit.

t = <c, y> / |y| for evidence y in R^L that was computed without looking at c. If the suspect has nothing to do with
the device, c is uniform on {-1, +1}^L and independent of y. Then for EVERY fixed y, whatever the suspect, the data or
the attack,

    P(t >= x) <= exp(-x^2 / 2)                        x >= 0     (Hoeffding 1963)
    P(t >= x) <= Q(x) / (4 Q(sqrt 2)), 3.178.. Q(x)              (Bentkus and Dzindzalieta, Bernoulli 21(2), 2015)

with Q the upper tail of the standard normal. The second constant is the best possible. `tail_bound` is the smaller of
the two and one. Codewords of N devices are independent, hence 1 - (1 - p)^N for any of them (Sidak 1967, here exact).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc, log_ndtr, ndtri_exp

from fingerprint.errors import ParameterError

Floats = NDArray[np.float64]

BENTKUS_DZINDZALIETA = float(1 / (2 * erfc(1.0)))  # 1 / (4 Q(sqrt 2)), since Q(x) = erfc(x / sqrt 2) / 2: 3.1787...
BOUND_NAME = "min(exp(-t^2/2), Q(t)/(4 Q(sqrt 2)))"


def hoeffding(score: ArrayLike) -> Floats:
    """exp(-t^2/2) for t >= 0, else 1; valid for every fixed evidence (Hoeffding 1963).

    Example:
        >>> round(float(hoeffding(3.0)), 5)
        0.01111
    """
    t = np.maximum(np.asarray(score, dtype=np.float64), 0.0)
    return np.asarray(np.exp(-0.5 * t * t))


def bentkus_dzindzalieta(score: ArrayLike) -> Floats:
    """Q(t) / (4 Q(sqrt 2)), at most 1; valid for every fixed evidence (Bentkus and Dzindzalieta 2015).

    Example:
        >>> round(float(bentkus_dzindzalieta(3.0)), 5)
        0.00429
    """
    t = np.asarray(score, dtype=np.float64)
    return np.minimum(1.0, BENTKUS_DZINDZALIETA * np.exp(log_ndtr(-t)))


def tail_bound(score: ArrayLike) -> Floats:
    """The smaller of both bounds of P(t >= score), in (0, 1]; 1 where the score is NaN: no evidence accuses nobody.

    Example:
        >>> float(tail_bound(0.0)), bool(tail_bound(10.0) < 1e-22)
        (1.0, True)
    """
    bound = np.minimum(hoeffding(score), bentkus_dzindzalieta(score))
    return np.where(np.isnan(np.asarray(score, dtype=np.float64)), 1.0, bound)


def family_wise(p_value: ArrayLike, tests: int) -> Floats:
    """1 - (1 - p)^N, without loss of digits for tiny p (Sidak 1967; exact for independent codewords).

    Raises:
        ParameterError: N is not positive, or a p-value lies outside 0..1.

    Example:
        >>> float(family_wise(1e-12, 1000)) < 1.0001e-9
        True
    """
    p = np.asarray(p_value, dtype=np.float64)
    if tests < 1:
        raise ParameterError(f"the number of hypotheses must be at least 1, not {tests}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ParameterError("p-values lie between 0 and 1")
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(tests * np.log1p(-p)))


def single_alpha(alpha: float, tests: int) -> float:
    """The p that one device must reach so that any of N is falsely named with probability at most alpha: inverse Sidak.

    Example:
        >>> abs(float(family_wise(single_alpha(1e-6, 50), 50)) - 1e-6) < 1e-12
        True
    """
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha must lie between 0 and 1, not {alpha}")
    if tests < 1:
        raise ParameterError(f"the number of hypotheses must be at least 1, not {tests}")
    return float(-np.expm1(np.log1p(-alpha) / tests))


def threshold(alpha: float, tests: int) -> float:
    """Smallest score whose family-wise bound is at most alpha among N devices.

    Example:
        >>> round(threshold(1e-6, 8), 2)
        5.37
    """
    p = single_alpha(alpha, tests)
    by_hoeffding = float(np.sqrt(-2 * np.log(p)))
    by_bentkus = float(-ndtri_exp(np.log(p / BENTKUS_DZINDZALIETA)))
    return max(0.0, min(by_hoeffding, by_bentkus))
