"""The polar transform x = u F^(log2 N), F = [[1, 0], [1, 1]], over GF(2); it is its own inverse (Arikan 2009)."""

from fingerprint.codes.base import Bits


def transform(bits: Bits) -> Bits:
    """Transforms of the rows of `bits`, uint8 (..., N) with N a power of two, in natural order.

    Law: `transform(transform(u)) == u`.

    Example:
        >>> import numpy as np
        >>> transform(np.array([[0, 0, 0, 1]], dtype=np.uint8)).tolist()
        [[1, 1, 1, 1]]
    """
    out = bits.copy()
    step = 1
    while step < out.shape[-1]:
        view = out.reshape(*out.shape[:-1], out.shape[-1] // (2 * step), 2, step)
        view[..., 0, :] ^= view[..., 1, :]
        step *= 2
    return out
