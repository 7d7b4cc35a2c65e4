"""From what scouts measured to the next point to confirm. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distill.planning.goal import Goal, Grid
from distill.planning.result import Cost, Point, prediction_limit
from distill.planning.surface import Surface

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scouted:
    """What minted shadows showed at one k.

    Attributes:
        components: k.
        bits: L.
        surface: mean scores over (eps, n).
        costs: of accuracy at the surface's strengths, (E,); their points do not decrease.
        spread: standard deviation of single suspects.
        freedom: its degrees of freedom.
        shadows: suspects behind every mean.
    """

    components: int
    bits: int
    surface: Surface
    costs: tuple[Cost, ...]
    spread: float
    freedom: int
    shadows: int

    def cost_at(self, strength: float) -> Cost:
        """Interpolated linearly in eps; the standard error too."""
        eps = self.surface.strengths
        points, errors = ([getattr(c, name) for c in self.costs] for name in ("points", "standard_error"))
        return Cost(
            points=float(np.interp(strength, eps, points)),
            standard_error=float(np.interp(strength, eps, errors)),
            inputs=self.costs[0].inputs,
        )


def offers(scouted: tuple[Scouted, ...], tried: tuple[Point, ...], goal: Goal, grid: Grid) -> list[Point]:
    """Every point of the fine grid with its prediction, least strength first, then fewest probes, then fewest bits.

    Scores are scaled by what the last confirmation found against what was interpolated there (of the same k if there
    is one). Strengths whose confirmed cost was too high are left out, and every greater one.
    """
    ladder = np.geomspace(grid.strengths[0], grid.strengths[-1], grid.steps)
    found = [point for one in scouted for point in _offers(one, ladder, _factor(one, scouted, tried), tried, goal)]
    return sorted(found, key=lambda point: (point.strength, point.probes, point.components))


def _offers(one: Scouted, ladder: Floats, factor: float, tried: tuple[Point, ...], goal: Goal) -> Iterator[Point]:
    dear = [p.strength for p in tried if p.components == one.components and p.cost.points > goal.points]
    for strength in ladder[ladder < min(dear, default=np.inf)]:
        spent = one.cost_at(float(strength))
        for probes in one.surface.probes:
            score = min(factor * float(one.surface.at(strength, probes)), float(np.sqrt(one.bits)))
            limit = prediction_limit(score, one.spread, shadows=one.shadows, freedom=one.freedom, power=goal.power)
            yield Point(
                strength=float(strength),
                components=one.components,
                probes=int(probes),
                bits=one.bits,
                score=score,
                spread=one.spread,
                low=limit,
                cost=spent,
                confirmed=False,
            )


def _factor(one: Scouted, scouted: tuple[Scouted, ...], tried: tuple[Point, ...]) -> float:
    own = [point for point in tried if point.components == one.components] or list(tried)
    if not own:
        return 1.0
    last = own[-1]
    there = next(s for s in scouted if s.components == last.components)
    expected = float(there.surface.at(last.strength, last.probes))
    return max(last.score, 0.0) / expected if expected > 0 else 1.0


def choose(offered: list[Point], tried: tuple[Point, ...], goal: Goal) -> Point | None:
    """The first offer that meets the goal and was not tried; None when there is none."""
    fresh = (point for point in offered if not any(point.at(other) for other in tried))
    return next((point for point in fresh if point.meets(goal)), None)


def nearest(offered: list[Point], goal: Goal) -> Point:
    """The cheapest offer that reaches the score; if none does, the best score within the accuracy allowed.

    Where nothing is within it, the best score of all.

    Raises:
        ValueError: nothing is offered.
    """
    strong = [point for point in offered if point.low >= goal.threshold]
    if strong:
        return min(strong, key=lambda point: (point.cost.points, point.strength, point.probes))
    cheap = [point for point in offered if point.cost.points <= goal.points] or offered
    return max(cheap, key=lambda point: (point.low, -point.strength))
