"""How much likelier is the evidence if the suspect descends from device d than if it has nothing to do with it?

    LR_theta = exp(theta t_d - K(theta)),     K(theta) = sum_i log cosh(theta |y_i| / |y|)

The denominator assumes nothing but the theorem of `bounds`: c_d is uniform and independent of y. The numerator needs a
model of a descendant, and every figure depends on it; its assumptions are named in `ASSUMPTIONS`. theta is about the
score that a descendant would reach. Since nobody knows it, several effects are declared before the suspect is seen and
the RANGE over them is reported, never one number. Under the denominator E[LR_theta] = 1 exactly, so that LR_theta is
also an e-value: P(LR_theta >= 1/alpha) <= alpha whatever the suspect (Markov), assumptions or not.

Figures are capped at what validation supports: a ratio over a million claims that errors in the model, mistaken
samples and bugs together are rarer than one in a million, which no experiment of ours shows.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from fingerprint.errors import ParameterError
from fingerprint.statistics.exact import unit_weights
from fingerprint.statistics.saddlepoint import cumulant

DECLARED_EFFECTS = (4.0, 6.0, 8.0, 10.0, 12.0)
DEFAULT_CAP_LOG10 = 6.0

ASSUMPTIONS = (
    "Numerator: given the evidence, the carriers of a descendant agree with its device's codeword independently.",
    "Numerator: a carrier's log-odds of agreement are proportional to its evidence (codeword plus Gaussian noise).",
    "Numerator: the strength of the signature left in the suspect is one of the effects declared in advance.",
    "Denominator: the device has nothing to do with the suspect, so its codeword is uniform and independent.",
    "Only these two explanations are compared; the prior odds between them are not ours to state.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """A range of likelihood ratios, in powers of ten. It has no single value: `float()` of it is refused.

    Attributes:
        effects: theta, declared before the suspect was seen.
        log10: log10 of LR_theta for every effect, each at most `cap`.
        cap: largest power of ten that is reported.
        capped: whether any effect reached the cap.
        assumptions: what every figure stands on.
    """

    effects: tuple[float, ...]
    log10: tuple[float, ...]
    cap: float
    capped: bool
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest log10 over the declared effects."""
        return min(self.log10), max(self.log10)

    def __float__(self) -> float:
        raise TypeError(
            "a likelihood ratio without its assumptions is no figure; report .range, .effects, .assumptions"
        )


def likelihood_ratio(
    evidence: ArrayLike,
    score: float,
    *,
    effects: tuple[float, ...] = DECLARED_EFFECTS,
    cap: float = DEFAULT_CAP_LOG10,
) -> LikelihoodRatio:
    """The range of LR_theta of one device over the declared effects.

    Args:
        evidence: y, finite, (L,), not all zero.
        score: t_d of the device.
        effects: two or more, positive, rising; fixed before the suspect was seen.
        cap: largest power of ten to report.

    Raises:
        ParameterError: fewer than two effects, effects that do not rise, a cap that is not positive, bad evidence.

    Example:
        >>> found = likelihood_ratio(np.ones(288), 11.0)
        >>> found.range[1], found.capped, [round(x, 1) for x in likelihood_ratio(np.ones(288), 1.0).range]
        (6.0, True, [-23.8, -1.7])
    """
    if len(effects) < 2 or effects[0] <= 0 or any(a >= b for a, b in pairwise(effects)):
        raise ParameterError(f"declare two or more positive effects in rising order, not {effects}")
    if not cap > 0:
        raise ParameterError(f"the cap is a positive power of ten, not {cap}")
    if not np.isfinite(score):
        raise ParameterError(f"a score of {score} has no likelihood")
    weights = unit_weights(evidence)
    raw = [(theta * score - cumulant(weights, theta)) / np.log(10) for theta in effects]
    return LikelihoodRatio(
        effects=effects,
        log10=tuple(float(min(value, cap)) for value in raw),
        cap=cap,
        capped=bool(max(raw) >= cap),
    )
