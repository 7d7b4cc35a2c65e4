"""The best k of N, and the law by which shards' results become one."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class Top:
    """The best devices of a shard: score falling, equal scores by rising position.

    Attributes:
        positions: int64 (m,), m <= k.
        scores: t, float64 (m,).
    """

    positions: NDArray[np.int64]
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.positions.shape != self.scores.shape or self.positions.ndim != 1:
            raise ParameterError(f"{self.positions.shape} positions for {self.scores.shape} scores")


EMPTY = Top(positions=np.zeros(0, dtype=np.int64), scores=np.zeros(0))


def best(positions: NDArray[np.int64], scores: NDArray[np.float64], keep: int) -> Top:
    """The best `keep` of these devices.

    Example:
        >>> best(np.array([7, 3, 5]), np.array([1.0, 1.0, 2.0]), 2).positions.tolist()
        [5, 3]
    """
    order = np.lexsort((positions, -scores))[:keep]
    return Top(positions=positions[order], scores=scores[order])


def merge(tops: Iterable[Top], keep: int) -> Top:
    """The best `keep` of several shards.

    Laws: associative and commutative, `EMPTY` is neutral, and the merged tops of disjoint shards are the top of all.

    Example:
        >>> a, b = best(np.array([0]), np.array([1.0]), 1), best(np.array([1]), np.array([2.0]), 1)
        >>> merge([a, b], 2).positions.tolist()
        [1, 0]
    """
    parts = [EMPTY, *tops]
    positions = np.concatenate([part.positions for part in parts])
    return best(positions, np.concatenate([part.scores for part in parts]), keep)
