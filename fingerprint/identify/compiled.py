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
    count = numba.njit(inline="always")(_population_count)
    sign = planes - 1

    def inner(words: Any, masks: Any, out: Any) -> None:  # pragma: no cover - compiled, never interpreted
        out[:] = 0
        for w in range(words.shape[0]):
            for i in range(words.shape[1]):
                word = words[w, i]
                total = np.int64(0)
                for j in range(sign):
                    total += np.int64(count(word & masks[j, w])) << j
                total -= np.int64(count(word & masks[sign, w])) << sign
                out[i] += np.int32(total)

    kernel: Kernel = numba.njit(nogil=True)(inner)
    return kernel


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
