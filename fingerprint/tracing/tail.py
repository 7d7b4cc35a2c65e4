"""The false-accusation theorem for any score that is linear in the codeword.

Every score of this package is S = sum_i w_i c_i with weights w fixed before the codeword is read: a score that gives
u_i to a +1 and v_i to a -1 differs from one with w_i = (u_i - v_i) / 2 by a constant. For a device that has nothing to
do with the suspect the c_i are independent, P(c_i = +1) = p_i, and independent of w. Hence for EVERY fixed w

    P(S >= x) <= min_{l >= 0} exp(K(l) - l x),   K(l) = sum_i log(p_i e^{l w_i} + (1 - p_i) e^{-l w_i})   (Chernoff)
    P(S >= x)  = sum of the exact distribution, when the w_i are whole numbers                            (convolution)

Weights are rounded to whole numbers BEFORE the score is taken, so the second line bounds nothing away: the rounded
score is the score. All terms of the convolution are positive, so the tail keeps its leading digits however small it is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from fingerprint.errors import ParameterError
from fingerprint.tracing.bias import Bias

Floats = NDArray[np.float64]
CELLS = 1 << 16  # the weights' absolute sum on the lattice: L = 1152 rounds by 1 % of a weight
_GUARD = 1e-9  # relative, over a thousand times the rounding error of L <= 10^5 additions
_UNDERFLOW = 1e-280  # over everything that the products can lose below the smallest float


def on_lattice(weights: Floats, *, cells: int = CELLS) -> NDArray[np.int64]:
    """Whole-number weights, proportional to `weights` up to rounding, whose absolute sum is near `cells`.

    Raises:
        ParameterError: weights that are not finite.

    Example:
        >>> on_lattice(np.array([1.0, -0.5]), cells=30).tolist()
        [20, -10]
    """
    if not np.isfinite(weights).all():
        raise ParameterError("the weights hold NaN or infinity; check the evidence")
    total = float(np.abs(weights).sum())
    if total == 0.0:
        return np.zeros(len(weights), dtype=np.int64)
    return np.rint(weights * (cells / total)).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The exact distribution of S = sum_i w_i c_i under innocence.

    Attributes:
        weights: w, int64 (L,).
        bias: p.

    Raises:
        ParameterError: another length, or weights too large to convolve.

    Example:
        >>> from fingerprint.tracing.bias import uniform
        >>> Tail(weights=np.array([1, 1, 1]), bias=uniform(3)).probability([3, 1]).round(6).tolist()
        [0.125, 0.5]
    """

    weights: NDArray[np.int64]
    bias: Bias

    def __post_init__(self) -> None:
        if self.weights.shape != (self.bias.length,):
            raise ParameterError(f"{self.weights.shape} weights against {self.bias.length} positions")
        if int(np.abs(self.weights).sum()) > 64 * CELLS:
            raise ParameterError("weights too fine to convolve; round them with on_lattice")

    @property
    def reach(self) -> int:
        """Largest S: sum |w_i|."""
        return int(np.abs(self.weights).sum())

    @property
    def deviation(self) -> float:
        """Standard deviation of S under innocence."""
        return float(np.sqrt((self.weights.astype(np.float64) ** 2 * self.bias.variance).sum()))

    @cached_property
    def _survival(self) -> Floats:
        # S = -reach + 2 sum |w_i| b_i, b_i in {0, 1}: entry j is the probability that the sum of |w_i| b_i is j or more
        chances = np.where(self.weights > 0, self.bias.plus, 1 - self.bias.plus)
        mass = np.zeros(self.reach + 1)
        mass[0], filled = 1.0, 1
        for step, chance in zip(np.abs(self.weights), chances, strict=True):
            if step:
                shifted = mass[:filled] * chance
                mass[:filled] *= 1 - chance
                mass[step : filled + step] += shifted
                filled += int(step)
        return np.asarray(np.cumsum(mass[::-1])[::-1])

    def standardised(self, sums: ArrayLike) -> Floats:
        """(S - E S) / sd S, nought where the weights are nought; equals t = <c, y>/|y| for w = y and p = 1/2."""
        centre = float((self.weights * self.bias.mean).sum())
        values = np.asarray(sums, dtype=np.float64) - centre
        return values / self.deviation if self.deviation > 0 else np.zeros_like(values)

    def probability(self, sums: ArrayLike) -> Floats:
        """P(S >= s) for each s, never below the true value, at most one."""
        s = np.asarray(sums, dtype=np.int64)
        index = np.clip(-((self.reach - s) // 2) + self.reach, 0, self.reach)
        inside = np.minimum(1.0, self._survival[index] * (1 + _GUARD) + _UNDERFLOW)
        return np.where(s > self.reach, _UNDERFLOW, np.where(s <= -self.reach, 1.0, inside))

    def threshold(self, alpha: float) -> int:
        """Smallest s with P(S >= s) <= alpha; over `reach` when not even the best codeword would do."""
        found = int(np.argmax(self._survival * (1 + _GUARD) + _UNDERFLOW <= alpha))
        enough = self._survival[found] * (1 + _GUARD) + _UNDERFLOW <= alpha
        return 2 * found - self.reach if enough else self.reach + 1

    def chernoff(self, total: float) -> float:
        """min_l exp(K(l) - l s): the closed bound, for weights of any size; at least `probability`."""
        w, log_p, log_q = self.weights / max(self.deviation, 1e-300), np.log(self.bias.plus), np.log1p(-self.bias.plus)
        x = total / max(self.deviation, 1e-300)

        def exponent(log_tilt: float) -> float:
            tilt = float(np.exp(log_tilt))
            return float(np.logaddexp(log_p + tilt * w, log_q - tilt * w).sum() - tilt * x)

        best = minimize_scalar(exponent, bounds=(-12.0, 8.0), method="bounded")
        return float(np.exp(min(0.0, best.fun)))
