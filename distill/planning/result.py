"""What the planner found: a point with its measured figures, and whether it meets the goal."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from distill.planning.goal import Goal
from distill.release import Recipe

_TWO_SIDED = 1.96  # 95 % of a normal


class Outcome(StrEnum):
    """Whether the goal can be met."""

    MET = "met"
    NOT_MET = "not met"


class Binding(StrEnum):
    """Which constraint stands in the way."""

    LENGTH = "length"  # even a perfect score, sqrt(L), is too low
    SCORE = "score"  # no strength on the grid survives well enough
    ACCURACY = "accuracy"  # what survives costs more than the goal allows
    SEARCH = "search"  # the rounds were spent before a point was confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Accuracy that the signature costs, measured on held-out labelled inputs.

    Attributes:
        points: clean minus signed, percentage points; negative is a gain.
        standard_error: over inputs and over trainings, added in squares.
        inputs: held-out inputs.
    """

    points: float
    standard_error: float
    inputs: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, normal."""
        return self.points - _TWO_SIDED * self.standard_error, self.points + _TWO_SIDED * self.standard_error


def cost(clean: NDArray[np.float64], signed: NDArray[np.float64], *, paired: bool = False) -> Cost:
    """The cost from right answers, 0 or 1.

    The same inputs go to both, so that only inputs answered differently add to the error over inputs; it is never
    taken as less than what one such input weighs.

    Args:
        clean: (unsigned models, inputs).
        signed: (copies, inputs).
        paired: whether row i of both belong together, as a minted copy and its base do.

    Example:
        >>> found = cost(np.array([[1.0, 1, 1, 0]]), np.array([[1.0, 1, 0, 0], [1, 0, 1, 0]]))
        >>> found.points, found.inputs
        (25.0, 4)
    """
    apart = clean.mean(axis=0) - signed.mean(axis=0)
    count = apart.size
    inputs = max(float(apart.std(ddof=1)) / np.sqrt(count), 1 / count)
    samples = (clean - signed,) if paired else (clean, signed)
    trainings = sum(float(rows.mean(axis=1).var(ddof=1)) / len(rows) for rows in samples if len(rows) > 1)
    error = float(np.hypot(inputs, np.sqrt(trainings)))
    return Cost(points=100 * float(apart.mean()), standard_error=100 * error, inputs=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One choice of eps, k and number of probes with what is predicted of it.

    Attributes:
        strength: eps.
        components: k.
        probes: n.
        bits: L.
        score: mean score of a copy after the attack.
        spread: standard deviation of single copies around it.
        low: score that a share `power` of copies reaches: score - q spread sqrt(1 + 1/m), q the quantile of Student's
            t, m the shadows behind `score`: a prediction limit for one new copy.
        cost: of accuracy.
        confirmed: measured at this very point on fresh shadows of the goal's method, not interpolated.
    """

    strength: float
    components: int
    probes: int
    bits: int
    score: float
    spread: float
    low: float
    cost: Cost
    confirmed: bool

    def at(self, other: "Point") -> bool:
        """Whether both are the same choice."""
        mine, theirs = ((p.strength, p.components, p.probes) for p in (self, other))
        return mine == theirs

    def meets(self, goal: Goal) -> bool:
        """Whether both estimates do: low >= threshold, cost <= points."""
        return self.low >= goal.threshold and self.cost.points <= goal.points


def prediction_limit(score: float, spread: float, *, shadows: int, freedom: int, power: float) -> float:
    """Score that one new copy reaches with probability `power`, from the mean of `shadows` copies.

    Example:
        >>> prediction_limit(8.0, 0.5, shadows=3, freedom=8, power=0.5)
        8.0
    """
    return score - float(student_t.ppf(power, freedom)) * spread * float(np.sqrt(1 + 1 / shadows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The planner's answer. It does not stand for its own success: read `outcome`.

    Attributes:
        goal: as asked.
        outcome: MET only for a confirmed point that meets the goal.
        point: the chosen one; if NOT_MET, the nearest of those confirmed.
        binding: what stands in the way; None if MET.
        reason: one or two sentences for people, with what would meet the goal.
        would_meet: the nearest goal that the point meets by the same measure; None if MET or if it names nobody.
        tried: every confirmed point, in order.
    """

    goal: Goal
    outcome: Outcome
    point: Point
    binding: Binding | None
    reason: str
    would_meet: Goal | None
    tried: tuple[Point, ...]

    @property
    def family_wise_p(self) -> float:
        """Predicted for a copy with the mean score."""
        return self.goal.p_at(self.point.score)

    @property
    def cost_shown(self) -> bool:
        """Whether the whole 95 % interval of the cost, not only its estimate, is within the goal."""
        return self.point.cost.interval[1] <= self.goal.points

    def recipe(self, base: Recipe) -> Recipe:
        """The recipe with the point's strength and components."""
        return replace(base, strength=self.point.strength, components=self.point.components)
