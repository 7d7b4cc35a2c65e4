"""The inner loop as numba compiles it: one pass over a block, a population count for every plane of every word.

The count is written out in shifts and adds; LLVM recognises it and emits the machine's instruction, vectorised where
there is one (AVX-512 VPOPCNTDQ).
"""

import importlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.identify.layout import Words

_TILE = 4096  # sums of a tile stay in the first-level cache
Kernel = Callable[[Words, Words, NDArray[np.int32]], None]


@lru_cache(maxsize=32)
def compile_inner(planes: int) -> Kernel:
    """(words (W, m), planes (b, W), out int32 (m,)) -> None, for b planes; releases the interpreter lock.

    Raises:
        ParameterError: numba is not installed.
    """
    try:
        numba: Any = importlib.import_module("numba")
    except ModuleNotFoundError as error:
        raise ParameterError("the engine 'numba' needs numba; install countermark[fast], or use 'numpy'") from error
    part, parts = _compile_words(numba, planes)

    def inner(words: Any, masks: Any, out: Any) -> None:  # pragma: no cover - compiled, never interpreted
        width = words.shape[0]
        for start in range(0, words.shape[1], _TILE):
            stop = start + _TILE
            sums = out[start:stop]  # one-dimensional slices and loops from 0: what the compiler can vectorise
            sums[:] = 0
            for w in range(0, width - 3, 4):  # four words for each time that the sums are read and written
                a, b = words[w, start:stop], words[w + 1, start:stop]
                c, d = words[w + 2, start:stop], words[w + 3, start:stop]
                for i in range(sums.size):
                    sums[i] += np.int32(parts(a[i], b[i], c[i], d[i], masks, w))
            for w in range(width // 4 * 4, width):
                a = words[w, start:stop]
                for i in range(sums.size):
                    sums[i] += np.int32(part(a[i], masks, w))

    kernel: Kernel = numba.njit(nogil=True)(inner)
    return kernel


def _compile_words(numba: Any, planes: int) -> tuple[Any, Any]:
    """Part of <x, q> that lies in word w, and in words w to w + 3."""
    count = numba.njit(inline="always")(_population_count)
    sign = planes - 1

    def one(x: Any, masks: Any, w: Any) -> Any:  # pragma: no cover - compiled, never interpreted
        total = -(np.int64(count(x & masks[sign, w])) << sign)
        for j in range(sign):
            total += np.int64(count(x & masks[j, w])) << j
        return total

    def four(x: Any, y: Any, z: Any, t: Any, masks: Any, w: Any) -> Any:  # pragma: no cover - compiled
        total = np.int64(0)
        for j in range(planes):
            low = count(x & masks[j, w]) + count(y & masks[j, w + 1])
            set_bits = np.int64(low + count(z & masks[j, w + 2]) + count(t & masks[j, w + 3]))
            total += -(set_bits << j) if j == sign else set_bits << j
        return total

    return numba.njit(inline="always")(one), numba.njit(inline="always")(four)


def _population_count(x: Any) -> Any:
    """Bits set in a 64-bit word (Warren, Hacker's Delight, 5-1).

    Example:
        >>> int(_population_count(np.array([2**64 - 1, 5], dtype=np.uint64)).sum())
        66
    """
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (x * np.uint64(0x0101010101010101)) >> np.uint64(56)
