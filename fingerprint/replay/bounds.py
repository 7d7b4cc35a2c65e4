"""Tails by the standard library alone: min(exp(-t^2/2), Q(t) / (4 Q(sqrt 2))), binomial, Sidak, threshold."""

import math

BOUND = "min(exp(-t^2/2), Q(t)/(4 Q(sqrt 2)))"
_CONSTANT = 1 / (2 * math.erfc(1.0))
_HALVINGS = 200


def tail_bound(score: float) -> float:
    """P(t >= score) or more for a device that has nothing to do with the suspect.

    Example:
        >>> tail_bound(0.0), round(tail_bound(3.0), 5)
        (1.0, 0.00429)
    """
    hoeffding = math.exp(-0.5 * max(score, 0.0) ** 2)
    return min(1.0, hoeffding, _CONSTANT * 0.5 * math.erfc(score / math.sqrt(2)))


def coin_tail(tosses: int, heads: float) -> float:
    """P(Binomial(m, 1/2) >= a), exact, in whole numbers.

    Example:
        >>> coin_tail(9, 9) == 2**-9, coin_tail(9, 0)
        (True, 1.0)
    """
    ways = sum(math.comb(tosses, each) for each in range(max(0, math.ceil(heads)), tosses + 1))
    return float(ways / (1 << tosses))


def family_wise(p_value: float, tests: int) -> float:
    """1 - (1 - p)^N."""
    return 1.0 if p_value >= 1 else -math.expm1(tests * math.log1p(-p_value))


def threshold(alpha: float, tests: int) -> float:
    """Smallest score whose family-wise bound is at most alpha, by bisection.

    Example:
        >>> round(threshold(1e-6, 8), 2)
        5.37
    """
    low, high = 0.0, 40.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if family_wise(tail_bound(middle), tests) <= alpha else (middle, high)
    return high


def most_devices(p_value: float, alpha: float) -> float:
    """The largest N among which a device of this p would still be named; infinite where p is too small to be written.

    Example:
        >>> round(most_devices(1e-9, 1e-6))
        1000
    """
    return math.log1p(-alpha) / math.log1p(-p_value) if 0 < p_value < 1 else (math.inf if p_value == 0 else 0.0)
