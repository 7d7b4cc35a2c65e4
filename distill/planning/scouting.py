"""Measuring: cheap minted scouts over the whole grid, then fresh shadows of the goal's own method at a chosen point."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from distill.errors import SettingsError
from distill.planning.choice import Scouted
from distill.planning.goal import Goal, Grid, Method
from distill.planning.result import Cost, Point, prediction_limit
from distill.planning.shadows import Shadows, Spot
from distill.planning.surface import Surface, monotone


def scout(shadows: Shadows, goal: Goal, grid: Grid) -> tuple[Scouted, ...]:
    """What minted shadows show at every (k, eps), for every k that the teacher's features allow.

    Raises:
        SettingsError: they allow none of the grid's.
    """
    allowed = [k for k in grid.components if k <= shadows.rank]
    if not allowed:
        raise SettingsError(f"components {grid.components}; the teacher's features allow {shadows.rank} at most")
    cells = [(k, eps) for k in allowed for eps in grid.strengths]
    bar = tqdm(cells, desc=f"scouts, {goal.attack}", disable=not shadows.progress, leave=False)
    found = {(k, eps): _cell(shadows, goal, grid, k, eps) for k, eps in bar}
    return tuple(_scouted(shadows, grid, k, [found[k, eps] for eps in grid.strengths]) for k in allowed)


def probe_counts(offered: int, grid: Grid) -> tuple[int, ...]:
    """n for every share of the probes offered, at least 2, without repeats."""
    return tuple(sorted({max(2, round(share * offered)) for share in grid.shares}))


def _cell(
    shadows: Shadows, goal: Goal, grid: Grid, components: int, strength: float
) -> tuple[NDArray[np.float64], Cost]:
    spot = Spot(method=Method.MINTED, components=components, strength=strength, purpose="scout")
    return shadows.measured(spot, goal, probe_counts(len(shadows.materials.probes), grid), grid.scouts)


def _scouted(shadows: Shadows, grid: Grid, components: int, cells: list[tuple[NDArray[np.float64], Cost]]) -> Scouted:
    scores = np.stack([found for found, _ in cells])  # (E, suspects, P)
    points = monotone([spent.points for _, spent in cells])
    return Scouted(
        components=components,
        bits=shadows.bits(components),
        surface=Surface(
            strengths=np.array(grid.strengths),
            probes=np.array(probe_counts(len(shadows.materials.probes), grid), dtype=np.float64),
            values=monotone(scores.mean(axis=1)),
        ),
        costs=tuple(replace(spent, points=float(p)) for (_, spent), p in zip(cells, points, strict=True)),
        spread=float(np.sqrt(scores.var(axis=1, ddof=1).mean())),
        freedom=scores.shape[1] - 1,  # the same few releases at every cell: cells add no freedom
        shadows=scores.shape[1],
    )


def confirm(shadows: Shadows, goal: Goal, grid: Grid, point: Point, one: Scouted) -> Point:
    """The point with figures from fresh shadows; the spread is pooled with that of the scouts of the same k."""
    spot = Spot(method=goal.method, components=point.components, strength=point.strength, purpose="confirm")
    found, spent = shadows.measured(spot, goal, (point.probes,), grid.confirmations)
    scores = found[:, 0]
    freedom = one.freedom + len(scores) - 1
    squares = one.freedom * one.spread**2 + (len(scores) - 1) * float(scores.var(ddof=1))
    spread, mean = float(np.sqrt(squares / freedom)), float(scores.mean())
    return replace(
        point,
        score=mean,
        spread=spread,
        low=prediction_limit(mean, spread, shadows=len(scores), freedom=freedom, power=goal.power),
        cost=spent,
        confirmed=True,
    )
