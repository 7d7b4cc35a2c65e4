"""Many linear functions of many challenges: w . phi(c), fast.

    w . phi(c) = w_n + sum over bytes b of T_b[byte b of the packed suffix parities]

A table row holds the sum of eight signed weights for each of the 256 values of a byte, for every column at once. With
many columns a matrix product over unpacked signs is faster; both give the plain formula.
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint.puf.base import Bits, Reals
from fingerprint.puf.challenges import suffix_parities

_CHUNK = 1 << 14  # challenges at once: packed words and partial sums stay in the cache
_FEW = 24  # columns up to which tables win


def evaluate(weights: Reals, challenges: Bits) -> Reals:
    """w . phi(c) for every column and challenge, float32 (count, columns).

    Args:
        weights: (columns, n + 1).
        challenges: checked challenges (count, n).

    Example:
        >>> w = np.array([[1, 2, 4, 8]], dtype=np.float32)
        >>> evaluate(w, np.array([[1, 0, 1]], dtype=np.uint8)).tolist()  # 1 - 2 - 4 + 8
        [[3.0]]
    """
    columns, stages = weights.shape[0], weights.shape[1] - 1
    out = np.empty((len(challenges), columns), dtype=np.float32)
    few = columns <= _FEW
    table = _tables(weights) if few else np.ascontiguousarray(weights[:, :-1].T)
    for start in range(0, len(challenges), _CHUNK):
        packed = suffix_parities(challenges[start : start + _CHUNK])
        raw = packed.astype("<u8", copy=False).view(np.uint8)
        part = out[start : start + _CHUNK]
        if few:
            _look_up(table, raw, part)
        else:
            bits = np.unpackbits(raw, axis=1, count=stages, bitorder="little")
            np.matmul(np.float32(1) - 2 * bits.astype(np.float32), table, out=part)
        part += weights[:, -1]
    return out


def _tables(weights: Reals) -> Reals:
    """T, (bytes, 256, columns)."""
    columns, stages = weights.shape[0], weights.shape[1] - 1
    padded = np.zeros((-(-stages // 8) * 8, columns), dtype=np.float32)
    padded[:stages] = weights[:, :-1].T
    signs = 1 - 2 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.float32)
    return np.ascontiguousarray(np.einsum("vb,pbc->pvc", signs, padded.reshape(-1, 8, columns)))


def _look_up(table: Reals, raw: NDArray[np.uint8], out: Reals) -> None:
    np.take(table[0], raw[:, 0], axis=0, out=out, mode="clip")
    for place in range(1, len(table)):
        out += table[place].take(raw[:, place], axis=0)
