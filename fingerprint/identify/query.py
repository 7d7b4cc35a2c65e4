"""Evidence, made ready for scanning: a few bit planes of it, and how far they can be from the truth.

With u = y / |y| and a step s, q_i = round(u_i / s) is kept in b bits (two's complement). For a codeword c with bits x,

    <c, q> = 2 <x, q> - sum q,      <x, q> = sum_j 2^j popcount(x and plane_j)  -  2^(b-1) popcount(x and plane_(b-1))

in whole numbers, exactly, and  |t - s <c, q>| <= r = sum_i |u_i - s q_i|  for EVERY codeword. So a device whose rough
score is below the k-th best score by more than r is out, for certain.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from fingerprint.errors import ParameterError
from fingerprint.identify.layout import WORD, Words, words_of

Floats = NDArray[np.float64]

FINE_BITS = 12  # of the second look, at the few devices that the first could not exclude
_ROUGH_BITS = range(3, 11)
_SCALES = np.linspace(0.25, 1.0, 31)  # steps tried, as shares of the one that clips nothing
_INT32 = np.iinfo(np.int32)
_SLACK = 1e-9  # float64 scores are nearer than this to the true ones


@dataclass(frozen=True, kw_only=True)
class Planes:
    """Evidence in b bits.

    Attributes:
        words: plane_j, uint64 (b, W).
        step: s.
        total: sum q.
        slack: r, the most by which s <c, q> misses t.
    """

    words: Words
    step: float
    total: int
    slack: float

    def rough(self, inner: NDArray[np.int32]) -> Floats:
        """s <c, q> of <x, q>."""
        return np.asarray(self.step * (2.0 * inner.astype(np.float64) - self.total))

    def least(self, score: float) -> int:
        """Smallest <x, q> of a device that may still have t >= score."""
        if self.step == 0:
            return _INT32.min
        return int(np.clip(np.floor(((score - self.slack) / self.step + self.total) / 2), _INT32.min, _INT32.max))


@dataclass(frozen=True, kw_only=True)
class Query:
    """One evidence against N devices: direction u, rough planes for all, fine planes for the second look."""

    direction: Floats
    rough: Planes
    fine: Planes


def prepare(evidence: NDArray[np.float64], *, devices: int, keep: int, second_look: float = 25.0) -> Query:
    """The query of evidence y; the number of rough planes is the cheapest for that many devices and ranks.

    Few planes leave many devices to a second look: those with t above (expected k-th best score) - r, a share Q of it.

    Args:
        evidence: y, finite, (L,).
        devices: N.
        keep: k.
        second_look: what a second look at one device costs the engine, in planes of the first.

    Raises:
        ParameterError: not one vector, or NaN or infinity in it.

    Example:
        >>> query = prepare(np.random.default_rng(0).normal(size=512), devices=10**7, keep=100)
        >>> len(query.rough.words), query.rough.slack < 2, query.fine.slack < 0.02
        (4, True, True)
    """
    if evidence.ndim != 1 or not np.isfinite(evidence).all():
        raise ParameterError(f"the evidence must be one finite vector, not of shape {evidence.shape}")
    size = float(np.linalg.norm(evidence))
    direction = evidence / size if size > 0 else np.zeros(evidence.size)
    expected = float(ndtri(1 - min(0.5, keep / max(devices, 1))))
    rough = min(
        _ROUGH_BITS, key=lambda bits: bits + second_look * float(ndtr(_best_step(direction, bits)[1] - expected))
    )
    return Query(direction=direction, rough=quantise(direction, rough), fine=quantise(direction, FINE_BITS))


def quantise(direction: Floats, bits: int) -> Planes:
    """u in b bits, with the step that makes r smallest among those tried.

    Example:
        >>> planes = quantise(np.array([0.6, -0.8]), 4)
        >>> planes.total, planes.slack < 1e-8  # 0.6 and -0.8 are 6 and -8 steps of 0.1
        (-2, True)
    """
    step, slack = _best_step(direction, bits)
    levels = _levels(direction, np.array([step]), bits)[0]
    return Planes(
        words=_planes(levels.astype(np.int64), bits), step=step, total=int(levels.sum()), slack=slack + _SLACK
    )


def _best_step(direction: Floats, bits: int) -> tuple[float, float]:
    """The step with the smallest r, and that r."""
    steps = _SCALES * float(np.abs(direction).max()) / (2 ** (bits - 1) - 1)
    errors = np.abs(direction - steps[:, None] * _levels(direction, steps, bits)).sum(axis=1)
    best = int(np.argmin(errors))
    return float(steps[best]), float(errors[best])


def _levels(direction: Floats, steps: Floats, bits: int) -> Floats:
    """Rounded and clipped u / s for every step, (steps, L); zero where the step is."""
    scaled = np.divide(direction, steps[:, None], out=np.zeros((steps.size, direction.size)), where=steps[:, None] > 0)
    return np.asarray(np.clip(np.rint(scaled), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1))


def _planes(levels: NDArray[np.int64], bits: int) -> Words:
    packed = np.zeros((bits, words_of(levels.size) * 8), dtype=np.uint8)
    for j in range(bits):  # an arithmetic shift of a negative number shows its two's complement
        row = np.packbits((levels >> j & 1).astype(np.uint8), bitorder="little")
        packed[j, : row.size] = row
    return packed.view(WORD)
