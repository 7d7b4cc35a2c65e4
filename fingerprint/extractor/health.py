"""Is this read-out fit to be used? Refuse a stuck, repeated or one-sided one before anything is derived from it.

Without this test an SRAM that was never powered down, or a bus that reads zeros, would give every device the same key
and every call would report success.
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadoutMalformed, ReadoutUnhealthy

BLOCK = 64  # two honest blocks of 64 bits are equal with probability 2^-64
LIGHTEST, HEAVIEST = 0.35, 0.65  # share of ones of a healthy read-out, after wolfCrypt's SRAM PUF


def shaped(readouts: NDArray[np.uint8], cells: int) -> NDArray[np.uint8]:
    """The read-outs as an array of shape (reads, cells).

    Raises:
        ReadoutMalformed: another number of cells, no read at all, or values other than 0 and 1.
    """
    array = np.asarray(readouts)
    if array.dtype not in (np.uint8, np.bool_):
        raise ReadoutMalformed(f"a read-out must be uint8 of 0 and 1, not {array.dtype}")
    array = np.atleast_2d(array).astype(np.uint8, copy=False)
    if array.ndim != 2 or array.shape[1] != cells or not len(array):
        raise ReadoutMalformed(f"read-outs of shape {array.shape}; the profile reads (reads, {cells})")
    if (array > 1).any():
        raise ReadoutMalformed("a read-out holds values other than 0 and 1; unpack bytes into bits first")
    return array


def check(readouts: NDArray[np.uint8]) -> None:
    """Nothing, when every read-out (reads, cells) is healthy.

    Example:
        >>> check(np.random.default_rng(1).integers(0, 2, (1, 256), dtype=np.uint8))
        >>> check(np.zeros((1, 256), dtype=np.uint8))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        fingerprint.errors.ReadoutUnhealthy: ...

    Raises:
        ReadoutUnhealthy: a read-out is stuck, one-sided, or repeats a block of 64 bits.
    """
    for index, readout in enumerate(readouts):
        weight = float(readout.mean())
        if not LIGHTEST <= weight <= HEAVIEST:
            raise ReadoutUnhealthy(
                f"read-out {index} has {weight:.1%} ones; {LIGHTEST:.0%} to {HEAVIEST:.0%} are healthy: "
                "power the cells down fully and read again"
            )
        blocks = readout[: len(readout) // BLOCK * BLOCK].reshape(-1, BLOCK)
        if len(np.unique(np.packbits(blocks, axis=1), axis=0)) < len(blocks):
            raise ReadoutUnhealthy(
                f"read-out {index} repeats a block of {BLOCK} bits; it does not come from start-up values"
            )
