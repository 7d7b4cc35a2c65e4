"""What a suspect does to small probabilities before it answers: rounding, or mixing in the uniform distribution.

Both are read off the answers alone. They decide which terms of the pool can be used, by rules that are part of the
scheme, and they depend on no codeword.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_DIGITS = 6  # answers with more digits than this count as unrounded
_ROUNDING_ERROR = 1e-7  # float32 writes 0.01 as 0.0099999998 and 0.9 as 0.899999976
_PILED_UP = 0.1  # share of all entries that must lie at the smallest one
_NEAR = 0.05  # how near, relative to it: rows of rounded answers may have been normalised again
_LOWEST_FLOOR = 1e-5  # a smaller floor is a rounded zero, not a mixed-in uniform distribution


def is_rounded(probabilities: Floats) -> bool:
    """Whether every probability is a multiple of 1e-6 or coarser.

    Example:
        >>> is_rounded(np.array([[0.25, 0.75]])), is_rounded(np.array([[0.123456789, 0.876543211]]))
        (True, False)
    """
    return bool(np.abs(probabilities - np.round(probabilities, MOST_DIGITS)).max() < _ROUNDING_ERROR)


def is_piled_up(probabilities: Floats) -> bool:
    """Whether a tenth of all entries lie within five percent of the smallest one.

    A trained network's small probabilities spread over decades. Rounded to zero, or with a uniform distribution mixed
    in, they lie on one value.

    Example:
        >>> p = np.array([[0.9, 0.09, 1e-5, 1e-9], [1e-7, 0.999, 1e-4, 1e-8], [0.5, 0.5, 1e-6, 1e-5]])
        >>> is_piled_up(p), is_piled_up(p.round(2)), is_piled_up(0.9 * p + 0.1 / 4)
        (False, True, True)
    """
    return bool((probabilities <= probabilities.min() * (1 + _NEAR)).mean() >= _PILED_UP)


def uniform_share(probabilities: Floats) -> float:
    """Mass a that was mixed in evenly, q = (1 - a) p + a / C: C times the floor on which entries pile up, or 0.

    Args:
        probabilities: (n, C), rows summing to one.

    Example:
        >>> p = np.array([[0.9, 0.09, 1e-5, 1e-9], [1e-7, 0.999, 1e-4, 1e-8], [0.5, 0.5, 1e-6, 1e-5]])
        >>> uniform_share(p), round(uniform_share(0.9 * p + 0.1 / 4), 3)
        (0.0, 0.1)
    """
    floor = float(probabilities.min())
    return floor * probabilities.shape[1] if floor > _LOWEST_FLOOR and is_piled_up(probabilities) else 0.0


def without_uniform(probabilities: Floats, share: float) -> Floats:
    """p of q = (1 - a) p + a / C, at least zero, rows summing to one.

    Example:
        >>> p = np.array([[0.7, 0.2, 0.1, 0.0]])
        >>> without_uniform(0.9 * p + 0.1 / 4, 0.1).round(6).tolist()
        [[0.7, 0.2, 0.1, 0.0]]
    """
    left = np.maximum(probabilities - share / probabilities.shape[1], 0.0)
    return np.asarray(left / left.sum(axis=1, keepdims=True))
