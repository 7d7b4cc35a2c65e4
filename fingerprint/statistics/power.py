"""How many probes for a wanted power, from pilot scores.

Evidence is y = s c + e with |e|^2 = L (systematic^2 + sampling^2 / n): what is systematic, the differences between
independently trained students, stays however many probes are sent. Therefore

    1 / t(n)^2 = A + B / n,        ceiling of the score 1 / sqrt(A),  never above sqrt(L)

A and B are fitted to pilot scores (shadow suspects of the attack to plan for, at two or more probe counts) by least
squares with A, B >= 0. Around that curve single suspects scatter with standard deviation `spread`, taken as normal:

    power(n) = Phi((t(n) - threshold) / spread)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls
from scipy.special import ndtr, ndtri

from fingerprint.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeNeed:
    """Answer to "how many probes?".

    Attributes:
        probes: smallest n that reaches the power; None when no number of probes does.
        ceiling: mean score with infinitely many probes.
        power: the wanted power.
        threshold: the score to pass.
    """

    probes: int | None
    ceiling: float
    power: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """The curve through pilot scores. Build it with `fit_pilot`.

    Attributes:
        systematic: A, at least 0.
        sampling: B, at least 0.
        spread: standard deviation of single suspects around the curve, in score units.
    """

    systematic: float
    sampling: float
    spread: float

    def score(self, probes: ArrayLike) -> NDArray[np.float64]:
        """Mean score t(n)."""
        n = np.asarray(probes, dtype=np.float64)
        return np.asarray(1 / np.sqrt(self.systematic + self.sampling / n))

    @property
    def ceiling(self) -> float:
        """Mean score with infinitely many probes; infinite when nothing systematic was seen."""
        return float(1 / np.sqrt(self.systematic)) if self.systematic > 0 else float("inf")

    def power(self, probes: int, threshold: float) -> float:
        """Probability that a suspect like the pilots passes the threshold after n probes."""
        gap = float(self.score(probes)) - threshold
        return float(ndtr(gap / self.spread)) if self.spread > 0 else float(gap >= 0)

    def need(self, *, power: float, threshold: float) -> ProbeNeed:
        """The smallest number of probes for the power, or None with the ceiling that forbids it.

        Example:
            >>> pilot = Pilot(systematic=0.01, sampling=10.0, spread=0.5)
            >>> need = pilot.need(power=0.9, threshold=7.0)
            >>> need.probes, pilot.need(power=0.9, threshold=11.0).probes
            (1403, None)
        """
        if not 0 < power < 1:
            raise ParameterError(f"a wanted power lies between 0 and 1, not {power}")
        wanted = max(threshold + float(ndtri(power)) * self.spread, 1e-9)
        room = 1 / wanted**2 - self.systematic
        probes = max(1, int(np.ceil(self.sampling / room))) if room > 0 else None
        return ProbeNeed(probes=probes, ceiling=self.ceiling, power=power, threshold=threshold)


def fit_pilot(probes: ArrayLike, scores: ArrayLike) -> Pilot:
    """The curve 1/t^2 = A + B/n through pilot scores.

    Args:
        probes: n of every pilot score, positive, at least two different counts.
        scores: t of the true device, same shape, positive: a pilot that shows nothing cannot plan anything.

    Raises:
        ParameterError: shapes that differ, fewer than three scores or two counts, scores that are not positive.

    Example:
        >>> n = np.array([500, 1000, 2000, 4000])
        >>> pilot = fit_pilot(n, 1 / np.sqrt(0.01 + 10 / n))
        >>> round(pilot.ceiling, 6), pilot.spread < 1e-9
        (10.0, True)
    """
    n, t = np.asarray(probes, dtype=np.float64).ravel(), np.asarray(scores, dtype=np.float64).ravel()
    if n.shape != t.shape or n.size < 3 or np.unique(n).size < 2:
        raise ParameterError(
            f"{n.size} probe counts and {t.size} scores; give three pilot scores or more, at two counts or more"
        )
    if not (n > 0).all() or not (t > 0).all() or not np.isfinite(np.concatenate([n, t])).all():
        raise ParameterError("pilot scores must be positive and finite; pilots without evidence cannot plan anything")
    weight = t**3 / 2  # first order: an error of t is t^3 / 2 times the error of 1/t^2
    design = np.column_stack([np.ones_like(n), 1 / n])
    (systematic, sampling), _ = nnls(design * weight[:, None], weight / t**2)
    bare = Pilot(systematic=float(systematic), sampling=float(sampling), spread=0.0)
    spread = float(np.sqrt(((t - bare.score(n)) ** 2).sum() / (n.size - 2)))
    return Pilot(systematic=bare.systematic, sampling=bare.sampling, spread=spread)
