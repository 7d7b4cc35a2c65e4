"""A release whose clean students were made by whatever method a system has, and a row about one copy of it."""

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor, nn

from benchmarks.objectives.judging import DEVICES, Judged
from benchmarks.objectives.trial import STRENGTH, Row
from distill.loop import Settings
from distill.release import Prepared, Recipe, prepare_release
from fingerprint import seeds


def released(
    taught: nn.Module,
    clean: Sequence[nn.Module],
    *,
    transfer: Tensor,
    probes: Tensor,
    words: tuple[seeds.Word, ...],
    components: int,
    strength: float = STRENGTH,
) -> Prepared:
    """Pack and kit of a teacher with modules `body` and `head`, against these clean students with a module `head`."""
    recipe = Recipe(components=components, strength=strength, clean_students=len(clean), training=Settings())
    return prepare_release(
        taught, features="body", student=lambda: clean[0], head="head", transfer=transfer, probes=probes,
        release_key=seeds.stream("benchmarks/objectives", *words).bytes(32), seed=words, recipe=recipe,
        clean=tuple(clean),
    )  # fmt: skip


def mean(measure: Callable[[nn.Module], float], models: Sequence[nn.Module]) -> float:
    """Mean metric of several models."""
    return float(np.mean([measure(model) for model in models]))


def table_row(
    system: str, variant: str, paper: str, claim: str, *, own: float, baseline: float | None, holds: bool,
    signed: float, found: Judged, why: str,
) -> Row:  # fmt: skip
    """The row of a copy whose metric is `signed`, where clean students have `own`."""
    outcome = "named, nobody else" if found.carried else "not named at alpha 1e-6"
    return Row(
        system=system,
        variant=variant,
        paper=paper,
        claim=claim,
        own_metric=own,
        baseline_metric=baseline,
        claim_holds=holds,
        accuracy_cost=100 * (own - signed),
        score=found.score,
        max_score=found.max_score,
        family_wise_p=found.family_wise_p,
        carried=found.carried,
        why=f"{why}; among {DEVICES:,} devices {outcome}",
    )
