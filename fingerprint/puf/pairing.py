"""Which ring oscillators are compared: index pairs (bits, 2); a bit is 1 where the first is faster.

A bit of a chain shares each oscillator with its neighbour's: the bits are more, and they depend on each other (two
rising bits make a falling one likelier). Disjoint pairs share nothing.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits

Pairs = NDArray[np.intp]


def chain(count: int) -> Pairs:
    """Neighbours (i, i + 1), count - 1 bits.

    Example:
        >>> chain(3).tolist()
        [[0, 1], [1, 2]]
    """
    return np.stack([np.arange(count - 1), np.arange(1, count)], axis=1)


def disjoint(count: int) -> Pairs:
    """Adjacent pairs (2i, 2i + 1), floor(count / 2) bits.

    Example:
        >>> disjoint(5).tolist()
        [[0, 1], [2, 3]]
    """
    first = np.arange(count // 2) * 2
    return np.stack([first, first + 1], axis=1)


def apart(count: int, distance: int = 8) -> Pairs:
    """Disjoint pairs (i, i + distance) in blocks of 2 * distance oscillators.

    Example:
        >>> apart(4, distance=2).tolist()
        [[0, 2], [1, 3]]
    """
    block = np.arange(count // (2 * distance))[:, None] * 2 * distance
    first = (block + np.arange(distance)).ravel()
    return np.stack([first, first + distance], axis=1)


PAIRINGS: Mapping[str, Callable[[int], Pairs]] = MappingProxyType(
    {"chain": chain, "disjoint": disjoint, "apart": apart}
)


def find(name: str) -> Callable[[int], Pairs]:
    """The pairing of a name.

    Raises:
        ParameterError: no pairing has it.
    """
    if name not in PAIRINGS:
        raise ParameterError(f"no pairing {name!r}; choose one of {', '.join(PAIRINGS)}")
    return PAIRINGS[name]


def compare(frequencies: NDArray[np.floating], pairs: Pairs) -> Bits:
    """Response bits, uint8 (..., bits), of frequencies or counts (..., oscillators); equal ones give 0.

    Example:
        >>> compare(np.array([5.0, 4.0, 4.0]), chain(3)).tolist()
        [1, 0]
    """
    return (frequencies[..., pairs[:, 0]] > frequencies[..., pairs[:, 1]]).view(np.uint8)
