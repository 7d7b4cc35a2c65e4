"""Who counts bits: numpy, always there, or numba, several times faster, if it is installed.

Measured alternatives, CPU nanoseconds for one device of 512 bits on one core (see docs/statistics.md): float32 of
unpacked bits and a matrix product 225, per-byte lookup tables 64, four bit planes by numpy 28, five by numba 3.4.
"""

from collections.abc import Callable
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.identify.compiled import compile_inner
from fingerprint.identify.layout import Words
from fingerprint.identify.query import Planes


class Engine(Protocol):
    """<x, q> of many devices; holds scratch space, so each scan has its own.

    Attributes:
        second_look: what a second look at one device costs, in planes of the first look.
    """

    second_look: ClassVar[float]

    def inner(self, words: Words, planes: Planes) -> NDArray[np.int32]:
        """<x, q> from words (W, m), int32 (m,); the array is used again by the next call."""


class NumpyEngine:
    """Logical and, `numpy.bitwise_count`, add: one pass over the block for every plane."""

    second_look: ClassVar[float] = 25.0

    def __init__(self) -> None:
        self._allocate((0, 0))

    def _allocate(self, shape: tuple[int, ...]) -> None:
        self._masked = np.empty(shape, dtype=np.uint64)
        self._counts = np.empty(shape, dtype=np.uint8)
        self._sum, self._total = (np.empty(shape[1], dtype=np.int32) for _ in range(2))

    def inner(self, words: Words, planes: Planes) -> NDArray[np.int32]:
        """See `Engine.inner`."""
        if self._masked.shape != words.shape:
            self._allocate(words.shape)
        self._total[:] = 0
        sign = len(planes.words) - 1
        for j, plane in enumerate(planes.words):
            np.bitwise_and(words, plane[:, None], out=self._masked)
            np.bitwise_count(self._masked, out=self._counts)
            np.add.reduce(self._counts, axis=0, dtype=np.int32, out=self._sum)
            np.left_shift(self._sum, j, out=self._sum)
            (np.subtract if j == sign else np.add)(self._total, self._sum, out=self._total)
        return self._total


class NumbaEngine:
    """All planes in one pass over the block, compiled on first use (about a second for each number of planes).

    Raises:
        ParameterError: numba is not installed.
    """

    second_look: ClassVar[float] = 400.0  # planes are nearly free: the pass waits for memory

    def __init__(self) -> None:
        self._total = np.empty(0, dtype=np.int32)

    def inner(self, words: Words, planes: Planes) -> NDArray[np.int32]:
        """See `Engine.inner`."""
        if self._total.size != words.shape[1]:
            self._total = np.empty(words.shape[1], dtype=np.int32)
        compile_inner(len(planes.words))(words, planes.words, self._total)
        return self._total


ENGINES: dict[str, Callable[[], Engine]] = {"numpy": NumpyEngine, "numba": NumbaEngine}


def engine(name: str) -> Engine:
    """A fresh engine by name.

    Raises:
        ParameterError: no such engine, or numba is not installed.
    """
    if name not in ENGINES:
        raise ParameterError(f"engine {name!r} is none of {', '.join(ENGINES)}")
    return ENGINES[name]()
