"""The exact tail of one fixed evidence, between two rigorous bounds.

With a_i = |y_i| / |y| and fair signs, t = sum_i +-a_i. Every a_i is rounded to a multiple n_i of a step d, which moves
t by at most r = sum_i |a_i - d n_i| whatever the signs. The rounded sum d (2 X - M), X a sum of n_i over a random half
of the carriers and M = sum n_i, has a distribution that is convolved exactly, hence

    P(X >= j(x + r))  <=  P(t >= x)  <=  P(X >= j(x - r)),       j(x) = ceil((x / d + M) / 2)

Only sums of positive numbers are formed, so rounding of the arithmetic is relative and is added to the upper bound, as
is all that may underflow. What is reported as a probability of a false accusation is always the upper bound.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint.errors import ParameterError
from fingerprint.statistics import bounds

Floats = NDArray[np.float64]

DEFAULT_RESOLUTION = 0.01  # of a score: an upper bound about exp(0.01 t) times the exact tail
MAX_WORK = 2**34  # additions: about ten seconds
_SCORE_SLACK = 1e-9  # a score and a direction computed in float64 are nearer than this to the true ones
_UNIT = 2.0**-53  # relative error of one rounded operation
_UNDERFLOW = 1e-300  # more than all that MAX_WORK underflowing additions can lose


@dataclass(frozen=True, kw_only=True)
class ExactTail:
    """P(t >= x) of one evidence, as a function of x. Build it with `exact_tail`.

    Law: `tail.lower(x) <= P(t >= x) <= tail(x)`, and `tail(x) <= tail_bound(x)`.

    Attributes:
        step: d, distance of neighbouring sums is 2 d.
        shift: r, the most that rounding moves a score, with slack for float64 scores.
        survival: P(X >= j) for j = 0..M, float64 (M + 1,).
    """

    step: float
    shift: float
    survival: Floats

    def __call__(self, score: ArrayLike) -> Floats:
        """Upper bound of P(t >= score), in (0, 1]; 1 where the score is NaN."""
        x = np.asarray(score, dtype=np.float64)
        relative = 1 + 2 * (2 * self.survival.size + 2) * _UNIT
        lattice = self._at(x - self.shift) * relative + _UNDERFLOW
        return np.minimum(np.where(np.isnan(x), 1.0, lattice), bounds.tail_bound(x))

    def lower(self, score: ArrayLike) -> Floats:
        """Lower bound of P(t >= score), in [0, 1]; 0 where the score is NaN."""
        x = np.asarray(score, dtype=np.float64)
        relative = 1 - 2 * (2 * self.survival.size + 2) * _UNIT
        return np.where(np.isnan(x), 0.0, self._at(x + self.shift) * relative)

    def threshold(self, p_value: float) -> float:
        """A score whose upper bound is at most `p_value`, hardly above the smallest; perhaps one that nobody can reach.

        Example:
            >>> tail = exact_tail(np.arange(1.0, 65.0))
            >>> round(tail.threshold(1e-6), 1), round(bounds.threshold(1e-6, 1), 1)
            (4.5, 5.0)
        """
        if not 0 < p_value < 1:
            raise ParameterError(f"a p-value to reach lies between 0 and 1, not {p_value}")
        span = np.arange(self.survival.size)
        scores = (2.0 * span - (self.survival.size - 1)) * self.step + self.shift
        reached = np.flatnonzero(self(scores) <= p_value)
        by_lattice = float(scores[reached[0]]) if reached.size else float("inf")
        return min(by_lattice, bounds.threshold(p_value, 1))

    def _at(self, score: Floats) -> Floats:
        top = self.survival.size - 1
        index = np.ceil((np.nan_to_num(score, nan=0.0, posinf=1e9, neginf=-1e9) / self.step + top) / 2)
        inside = np.clip(index, 0, top).astype(np.int64)
        return np.where(index > top, 0.0, self.survival[inside])


def exact_tail(evidence: ArrayLike, *, resolution: float = DEFAULT_RESOLUTION) -> ExactTail:
    """The tail of t = <c, y> / |y| over a uniform codeword c, for this y.

    Costs about L^2.5 / (8 resolution) additions: a tenth of a second for 512 carriers.

    Args:
        evidence: y, finite, (L,), not all zero.
        resolution: r to aim at, in score units; the tail grows by about exp(t r).

    Raises:
        ParameterError: no evidence, NaN, or a resolution that would take more than `MAX_WORK` additions.

    Example:
        >>> tail = exact_tail([3.0, 4.0])        # t is 1.4, 0.2, -0.2 or -1.4
        >>> float(tail(1.4)).__round__(6), float(tail(0.2)).__round__(6), float(tail(1.5)) < 1e-299
        (0.25, 0.5, True)
    """
    weights = unit_weights(evidence)
    coarsest = 4 * resolution / weights.size
    step = float(weights.max() / np.ceil(weights.max() / coarsest))  # the largest carrier is a whole number of steps
    counts = np.rint(weights / step).astype(np.int64)
    work = int(counts.sum()) * weights.size
    if work > MAX_WORK:
        raise ParameterError(
            f"{weights.size} carriers at resolution {resolution} take {work:.1e} additions; "
            f"choose a coarser resolution, or use tail_bound"
        )
    shift = float(np.abs(weights - step * counts).sum()) + _SCORE_SLACK
    survival = np.cumsum(_convolve(np.sort(counts[counts > 0]))[::-1])[::-1]
    survival = np.ascontiguousarray(survival)
    survival.setflags(write=False)
    return ExactTail(step=step, shift=shift, survival=survival)


def unit_weights(evidence: ArrayLike) -> Floats:
    """a_i = |y_i| / |y|, float64 (L,): all that a tail depends on.

    Raises:
        ParameterError: not one vector, NaN or infinity, or all zero.

    Example:
        >>> unit_weights([3.0, -4.0]).round(6).tolist()
        [0.6, 0.8]
    """
    y = np.abs(np.asarray(evidence, dtype=np.float64))
    if y.ndim != 1 or y.size == 0 or not np.isfinite(y).all() or not y.any():
        raise ParameterError(f"an exact tail needs one finite vector of evidence that is not zero, not shape {y.shape}")
    y = y / y.max()  # first, so that the norm neither overflows nor underflows
    return np.asarray(y / np.linalg.norm(y))


def _convolve(counts: NDArray[np.int64]) -> Floats:
    """P(X = j): X sums each count with probability one half; small counts first, while the support is short."""
    mass = np.zeros(int(counts.sum()) + 1)
    mass[0] = 1.0
    reach = 1
    for count in counts.tolist():
        half = 0.5 * mass[:reach]
        mass[:reach] = half
        mass[count : count + reach] += half
        reach += count
    return mass
