"""Bit compression: a long response folded onto the few bits that C logits can carry.

    w_j = prod_{i = j mod m} c_i,   m = C - 1

A product of independent uniform signs is uniform, so folded codewords of unrelated devices are uniform and independent:
exactly what the binomial tail needs. Capacity: m = C - 1 bits, for softmax does not see a common offset; 2^m devices at
most can be told apart, 512 for ten classes, however long the response.
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

Signs = NDArray[np.int8]


def capacity(classes: int) -> int:
    """m = C - 1 bits.

    Example:
        >>> capacity(10)
        9
    """
    return classes - 1


def fold(codewords: Signs, onto: int) -> Signs:
    """w, int8 (N, m), of codewords (N, L) with L >= m.

    Raises:
        ParameterError: fewer than m bits.

    Example:
        >>> fold(np.array([[1, -1, -1, -1, 1]], dtype=np.int8), 2).tolist()
        [[-1, 1]]
    """
    if onto < 1 or codewords.shape[1] < onto:
        raise ParameterError(f"{codewords.shape[1]} bits cannot be folded onto {onto}; give at least as many")
    return np.stack([codewords[:, j::onto].prod(axis=1) for j in range(onto)], axis=1).astype(np.int8)
