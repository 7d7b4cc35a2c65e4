"""Challenges of arbiter PUFs: checked, packed, and turned into the features in which a delay is linear.

    phi_i(c) = prod_{j >= i} (1 - 2 c_j),   phi_n = 1,   i = 0 .. n-1

Sixty-four stages are one machine word, where the products become exclusive ors of shifted copies.
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits, Reals, check_count

Words = NDArray[np.uint64]


def random(generator: np.random.Generator, *, count: int, stages: int) -> Bits:
    """Uniform challenges, uint8 0 or 1 of shape (count, stages).

    Example:
        >>> random(np.random.default_rng(1), count=2, stages=64).shape
        (2, 64)

    Raises:
        ParameterError: a count that is not positive.
    """
    check_count("count", count)
    check_count("stages", stages)
    raw = np.frombuffer(generator.bytes(count * -(-stages // 8)), dtype=np.uint8)
    return np.unpackbits(raw.reshape(count, -1), axis=1, count=stages)


def check(challenges: Bits, stages: int) -> None:
    """Nothing, when `challenges` is uint8 0 or 1 of shape (count, stages).

    Raises:
        ParameterError: another length, type or value; the message says which.
    """
    if challenges.ndim != 2 or challenges.shape[1] != stages:
        raise ParameterError(f"challenges of shape {challenges.shape}; this PUF takes (count, {stages})")
    if challenges.dtype != np.uint8 or (challenges.size and challenges.max() > 1):
        raise ParameterError(f"challenges must be uint8 of 0 and 1, not {challenges.dtype}: map -1 to 1 and +1 to 0")


def suffix_parities(challenges: Bits) -> Words:
    """s_i = c_i xor c_{i+1} xor ... xor c_{n-1}, packed: bit i % 64 of word i // 64, zero beyond n.

    Example:
        >>> int(suffix_parities(np.array([[1, 0, 1]], dtype=np.uint8))[0, 0])  # s = 0, 1, 1
        6
    """
    count, stages = challenges.shape
    width = -(-stages // 64)
    packed = np.zeros((count, 8 * width), dtype=np.uint8)
    packed[:, : -(-stages // 8)] = np.packbits(challenges, axis=1, bitorder="little")
    words = packed.view("<u8").astype(np.uint64, copy=False)
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words >> np.uint64(shift)
    for place in range(width - 2, -1, -1):
        words[:, place] ^= np.uint64(0) - (words[:, place + 1] & np.uint64(1))
    return words


def features(challenges: Bits) -> Reals:
    """phi(c), float32 (count, n + 1): the plain formula, for fitting and as the reference of the fast path.

    Example:
        >>> features(np.array([[1, 0, 1]], dtype=np.uint8)).tolist()
        [[1.0, -1.0, -1.0, 1.0]]
    """
    signs = 1 - 2 * challenges.astype(np.float32)
    products = np.cumprod(signs[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([products, np.ones((len(signs), 1), dtype=np.float32)], axis=1)
