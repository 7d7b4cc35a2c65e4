"""When the goal cannot be met: which constraint binds, and what would meet it."""

from dataclasses import replace

import numpy as np

from distill.planning.choice import Scouted, choose
from distill.planning.goal import Goal, Grid
from distill.planning.result import Binding, Outcome, Plan, Point
from fingerprint.statistics import fit_pilot

_ROUNDING = 1 + 1e-6  # so that the threshold of p(t) is not above t by a rounding


def binding(scouted: tuple[Scouted, ...], offered: list[Point], tried: tuple[Point, ...], goal: Goal) -> Binding:
    """Which constraint stands in the way.

    Args:
        scouted: every k.
        offered: all offers, whatever they cost.
        tried: confirmed points, none of which meets the goal.
        goal: as asked.
    """
    if goal.threshold > np.sqrt(max(one.bits for one in scouted)):
        return Binding.LENGTH
    if not any(point.low >= goal.threshold for point in (*offered, *tried)):
        return Binding.SCORE
    dear = {k: min(s for p, s in _dear(tried, goal) if p == k) for k, _ in _dear(tried, goal)}
    left = [point for point in offered if point.strength < dear.get(point.components, np.inf)]
    return Binding.ACCURACY if choose(left, tried, goal) is None else Binding.SEARCH


def _dear(tried: tuple[Point, ...], goal: Goal) -> list[tuple[int, float]]:
    return [(point.components, point.strength) for point in tried if point.cost.points > goal.points]


def refuse(
    scouted: tuple[Scouted, ...],
    point: Point,
    tried: tuple[Point, ...],
    goal: Goal,
    grid: Grid,
    why: Binding,
    rank: int,
) -> Plan:
    """The plan that says no.

    Args:
        scouted: every k.
        point: the nearest confirmed one.
        tried: every confirmed point.
        goal: as asked.
        grid: that was searched.
        why: which constraint binds.
        rank: the largest k that the teacher's features allow.
    """
    met = would_meet(point, goal)
    what = {
        Binding.LENGTH: lambda: _length(scouted, goal, rank),
        Binding.SCORE: lambda: _score(scouted, point, goal, grid),
        Binding.ACCURACY: lambda: f"nothing within {goal.points:g} points is predicted at t = {goal.threshold:.1f}.",
        Binding.SEARCH: lambda: f"{grid.rounds} confirmations settled on no point; allow more rounds or confirmations.",
    }[why]()
    return Plan(
        goal=goal,
        outcome=Outcome.NOT_MET,
        point=point,
        binding=why,
        reason=f"{what} {_nearest(point, met)}",
        would_meet=met,
        tried=tried,
    )


def would_meet(point: Point, goal: Goal) -> Goal | None:
    """The goal with p and points relaxed just so far that the point meets it; None if its score names nobody."""
    p = max(goal.family_wise_p, goal.p_at(point.low) * _ROUNDING)
    return replace(goal, family_wise_p=p, points=max(goal.points, point.cost.points)) if p < 1 else None


def _length(scouted: tuple[Scouted, ...], goal: Goal, rank: int) -> str:
    longest = max(scouted, key=lambda one: one.bits)
    needed = int(np.ceil(goal.threshold**2 * longest.components / longest.bits))
    told = f"the goal needs t = {goal.threshold:.1f}, but a perfect score over {longest.bits} bits is"
    there = f"more than {needed} components, and the teacher's features allow {rank}"
    return f"{told} {np.sqrt(longest.bits):.1f}; it takes {there}."


def _score(scouted: tuple[Scouted, ...], point: Point, goal: Goal, grid: Grid) -> str:
    told = (
        f"up to eps = {grid.strengths[-1]:g} no point reaches t = {goal.threshold:.1f} for {goal.power:.0%} of copies"
    )
    one = next(s for s in scouted if s.components == point.components)
    values = one.surface.values[-1]
    if len(values) < 3 or values[0] <= 0:
        return f"{told}; offer more probes, a greater strength or a longer codeword."
    pilot = replace(fit_pilot(one.surface.probes, values), spread=one.spread)
    need = pilot.need(power=goal.power, threshold=goal.threshold)
    if need.probes is None:
        return f"{told}, and probes without end would only bring t = {need.ceiling:.1f} there."
    return f"{told}; by the fit 1/t^2 = A + B/n about {need.probes:,} probes would at that strength."


def _nearest(point: Point, met: Goal | None) -> str:
    where = f"eps = {point.strength:.3g}, k = {point.components}, {point.probes:,} probes"
    if met is None:
        return f"The nearest point, {where}, names nobody (t = {point.score:.1f})."
    spent = f"cost {point.cost.points:+.2f} +- {point.cost.standard_error:.2f}"
    return f"{where} ({spent}) would meet p <= {met.family_wise_p:.1e} at {met.points:.2f} points."
