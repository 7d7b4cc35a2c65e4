"""Scanning blocks: rough whole-number scores of all devices, exact scores of those that may be among the best.

1. Rough score of every device from a few bit planes (`query.Planes`): logical and, population count, add.
2. Devices that cannot reach the k-th best score found so far, rough score and slack together, are out for certain.
3. The others wait until a few thousand are together, then get a second look at 12 bits, and what is still not out its
   exact score t = <c, y> / |y| in float64.

The result is that of the obvious formula: nothing is approximate but the order of the work.
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.identify.engines import Engine
from fingerprint.identify.layout import BLOCK, Blocks, Words
from fingerprint.identify.query import Planes, Query
from fingerprint.identify.top import EMPTY, Top, best, merge

_WAITING = 4096  # devices that wait for their second look together
_EXACT = 1024  # codewords unpacked to float64 at a time


def scan(blocks: Blocks, query: Query, keep: int, engine: Engine) -> Top:
    """The best `keep` devices of these blocks, with exact scores.

    Args:
        blocks: packed codewords.
        query: evidence, prepared.
        keep: k.
        engine: counts bits; used by one scan at a time.

    Raises:
        ParameterError: evidence of another length than the codewords, or nothing to keep.

    Example:
        >>> from fingerprint.identify.engines import NumpyEngine
        >>> from fingerprint.identify.layout import pack_codewords, to_blocks
        >>> from fingerprint.identify.query import prepare
        >>> blocks = to_blocks(pack_codewords(np.array([[1, -1], [1, 1]], dtype=np.int8)), 2)
        >>> top = scan(blocks, prepare(np.array([3.0, -4.0]), devices=2, keep=1), 1, NumpyEngine())
        >>> top.positions.tolist(), top.scores.round(6).tolist()
        ([0], [1.4])
    """
    if query.direction.size != blocks.bits:
        raise ParameterError(f"evidence of {query.direction.size} carriers against codewords of {blocks.bits} bits")
    if keep < 1:
        raise ParameterError(f"at least one device must be kept, not {keep}")
    return _Scan(query, keep, engine).run(blocks)


class _Scan:
    """State of one scan: the best so far, and devices waiting for their second look."""

    def __init__(self, query: Query, keep: int, engine: Engine) -> None:
        self._query, self._keep, self._engine = query, keep, engine
        self._top = EMPTY
        self._floor = -np.inf  # no device below it is among the best
        self._words: list[Words] = []
        self._positions: list[NDArray[np.int64]] = []
        self._waiting = 0

    def run(self, blocks: Blocks) -> Top:
        for number in range(-(-blocks.count // BLOCK)):
            words = blocks.words[number]
            held = min(BLOCK, blocks.count - number * BLOCK)
            inner = self._engine.inner(words, self._query.rough)[:held]
            self._raise_floor(inner, self._query.rough)
            chosen = np.flatnonzero(inner >= self._query.rough.least(self._floor))
            if chosen.size:
                self._wait(words.take(chosen, axis=1), blocks.first + number * BLOCK + chosen)
        self._second_look()
        return self._top

    def _raise_floor(self, inner: NDArray[np.int32], planes: Planes) -> None:
        """k devices score no less than the k-th rough score less the slack: needed until k scores are exact."""
        if self._top.scores.size < self._keep <= inner.size:
            kth = np.partition(inner, inner.size - self._keep)[inner.size - self._keep]
            self._floor = max(self._floor, float(planes.rough(kth)) - planes.slack)

    def _wait(self, words: Words, positions: NDArray[np.int64]) -> None:
        self._words.append(words)
        self._positions.append(positions)
        self._waiting += positions.size
        if self._waiting >= (_WAITING if self._top.scores.size == self._keep else self._keep):
            self._second_look()

    def _second_look(self) -> None:
        if not self._waiting:
            return
        words, positions = np.concatenate(self._words, axis=1), np.concatenate(self._positions)
        self._words, self._positions, self._waiting = [], [], 0
        fine = self._query.fine
        inner = self._engine.inner(words, fine)
        self._raise_floor(inner, fine)
        chosen = np.flatnonzero(inner >= fine.least(self._floor))
        for start in range(0, chosen.size, _EXACT):
            few = chosen[start : start + _EXACT]
            scores = exact_scores(words[:, few], self._query.direction)
            self._top = merge([self._top, best(positions[few], scores, self._keep)], self._keep)
        if self._top.scores.size == self._keep:
            self._floor = max(self._floor, float(self._top.scores[-1]))


def exact_scores(words: Words, direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """t = <c, u> of packed codewords (W, m), float64 (m,); each device's figure depends on nothing but its own bits."""
    rows = np.ascontiguousarray(words.T).view(np.uint8)
    bits = np.unpackbits(rows, axis=1, bitorder="little", count=direction.size)
    return np.asarray(np.where(bits, direction, -direction).sum(axis=1))
