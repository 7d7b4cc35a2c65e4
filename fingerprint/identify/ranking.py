"""Whose copy is it, among millions: the search, and the theorem on top of it.

1. The evidence is fixed (`verify.gather`), before a codeword is read.
2. The index must be of the evidence's release.
3. The best k of all N devices, with exact scores.
4. p by the tail theorem, family-wise over all N: scanning fast changes no hypothesis.
5. Named: family-wise p <= alpha. If all k are named, more are looked at until one is not.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import statistics
from fingerprint.errors import ParameterError, WrongRelease
from fingerprint.identify.file import IndexFile
from fingerprint.identify.layout import Blocks
from fingerprint.identify.memory import HeldCodewords
from fingerprint.identify.search import search
from fingerprint.verify import Evidence

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The best devices among N.

    Attributes:
        positions: positions in the index, int64 (m,), score falling.
        scores: t, float64 (m,).
        p_values: upper bound of P(t >= score) for a device that has nothing to do with the suspect.
        family_wise: the same for any of `tests` devices.
        tests: hypotheses accounted for, at least N.
        alpha: the release's.
        threshold: smallest score that names a device.
    """

    positions: NDArray[np.int64]
    scores: Floats
    p_values: Floats
    family_wise: Floats
    tests: int
    alpha: float
    threshold: float

    @property
    def named(self) -> NDArray[np.int64]:
        """Positions of the devices with family-wise p <= alpha; empty for an unknown source."""
        return self.positions[self.family_wise <= self.alpha]


def identify(
    evidence: Evidence,
    index: IndexFile | HeldCodewords,
    *,
    keep: int = 100,
    tests: int | None = None,
    executor: Executor | None = None,
    shards: int | None = None,
    engine: str = "numpy",
    blocks: Blocks | None = None,
) -> Ranking:
    """The best devices for fixed evidence, and which of them are named.

    Args:
        evidence: from `verify.gather`.
        index: codewords of the same release, in a file or in memory.
        keep: how many devices to list.
        tests: number of hypotheses, at least N; N when not given.
        executor: see `search`.
        shards: see `search`.
        engine: see `search`.
        blocks: `index.blocks()`, if they are mapped already.

    Raises:
        WrongRelease: the index holds codewords of another release.
        ParameterError: fewer tests than devices, or what `search` refuses.
    """
    if index.release != evidence.release:
        raise WrongRelease(f"an index of release {index.release} against evidence of {evidence.release}")
    hypotheses = max(index.count, 1) if tests is None else tests
    if hypotheses < max(index.count, 1):
        raise ParameterError(f"{hypotheses} tests declared for {index.count} devices; every device is a test")
    held = index.blocks() if isinstance(index, HeldCodewords) else index
    while True:
        top = search(blocks or held, evidence.values, keep=keep, executor=executor, shards=shards, engine=engine)
        p_values = statistics.tail_bound(top.scores)
        family = statistics.family_wise(p_values, hypotheses)
        if top.scores.size < keep or family[-1] > evidence.alpha:
            break
        keep *= 2
    return Ranking(
        positions=top.positions,
        scores=top.scores,
        p_values=p_values,
        family_wise=family,
        tests=hypotheses,
        alpha=evidence.alpha,
        threshold=statistics.threshold(evidence.alpha, hypotheses),
    )
