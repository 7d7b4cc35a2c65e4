"""Choosing strength, components and probes for a goal, from a few shadow students; or saying that it cannot be met.

1. Scouts: minted shadow copies over a small grid of (eps, k), milliseconds each, put through the attack and scored at
   several numbers of probes. Their scores are interpolated so that more strength or probes never predict less.
2. The least strength predicted to meet the goal is confirmed on fresh shadows, made as copies will be (distilled).
3. What the confirmation shows corrects the prediction. If nothing is predicted to meet the goal, the nearest point is
   confirmed instead, which may correct that too. So it goes on until a confirmed point meets the goal, nothing new is
   left, or the rounds are spent: then the plan names the constraint that binds and what would meet it.

Every codeword and release key in here is drawn from the planner's seed and thrown away. A plan is an estimate from a
few shadows: `low` is a prediction limit for one new copy under normal scatter, the cost an estimate with an interval.
"""

from dataclasses import replace

from distill.planning.choice import Scouted, choose, nearest, offers
from distill.planning.goal import Goal, Grid, Method
from distill.planning.materials import Materials, thin
from distill.planning.refusal import binding, refuse
from distill.planning.result import Binding, Cost, Outcome, Plan, Point
from distill.planning.scouting import confirm, scout
from distill.planning.shadows import Shadows

__all__ = [
    "Binding",
    "Cost",
    "Goal",
    "Grid",
    "Materials",
    "Method",
    "Outcome",
    "Plan",
    "Point",
    "Shadows",
    "plan",
    "thin",
]
_ANY_COST = 100.0  # points: no constraint


def plan(shadows: Shadows, goal: Goal, *, grid: Grid | None = None) -> Plan:
    """The least strength, and the fewest probes and bits for it, that meet the goal; or a plan that says no.

    Prepare the release with `plan.recipe(recipe)` and the probes at `thin(len(probes), plan.point.probes)`.

    Args:
        shadows: materials and seed; the same object may plan for several goals and makes nothing twice.
        goal: what a copy must withstand.
        grid: where to look.

    Raises:
        SettingsError: the teacher's features allow none of the grid's components, or the thief lacks labels.
    """
    where = grid or Grid()
    scouted = scout(shadows, goal, where)
    tried: tuple[Point, ...] = ()
    for _ in range(where.rounds):
        point = _next(scouted, tried, goal, where)
        if point is None:
            break
        tried = (*tried, confirm(shadows, goal, where, point, _of(scouted, point)))
        if tried[-1].meets(goal):
            return _met(tried, goal)
    why = binding(scouted, offers(scouted, tried, replace(goal, points=_ANY_COST), where), tried, goal)
    return refuse(scouted, nearest(list(tried), goal), tried, goal, where, why, shadows.rank)


def _next(scouted: tuple[Scouted, ...], tried: tuple[Point, ...], goal: Goal, grid: Grid) -> Point | None:
    """What is predicted to meet the goal; else the nearest point, so that a refusal too rests on fresh shadows."""
    point = choose(offers(scouted, tried, goal, grid), tried, goal)
    if point is not None:
        return point
    near = nearest(offers(scouted, tried, replace(goal, points=_ANY_COST), grid), goal)
    return None if any(near.at(point) for point in tried) else near


def _met(tried: tuple[Point, ...], goal: Goal) -> Plan:
    point = tried[-1]
    reason = (
        f"{goal.power:.0%} of copies are predicted at t = {point.low:.1f} or more, {goal.threshold:.1f} is needed;"
        f" cost {point.cost.points:+.2f} +- {point.cost.standard_error:.2f} points, {goal.points:g} are allowed."
    )
    return Plan(goal=goal, outcome=Outcome.MET, point=point, binding=None, reason=reason, would_meet=None, tried=tried)


def _of(scouted: tuple[Scouted, ...], point: Point) -> Scouted:
    return next(one for one in scouted if one.components == point.components)
