"""One objective through a whole release: clean students, pack, a signed copy among 1,000 devices, its verdict."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.objectives.data import Images
from benchmarks.objectives.judging import enrolled, judged
from distill import outputs
from distill.loop import Settings, seeded
from distill.release import Recipe, prepare_release
from distill.scores import Scores
from fingerprint import seeds

CLEAN, COMPONENTS, STRENGTH = 3, 64, 0.1
Fit = Callable[[nn.Module, Tensor, Tensor, tuple[seeds.Word, ...]], nn.Module]
Targets = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table. `accuracy_cost` is in points of `own_metric`'s clean students; scores are of log-probs."""

    system: str
    variant: str
    paper: str
    claim: str
    own_metric: float
    baseline_metric: float | None
    claim_holds: bool | None
    accuracy_cost: float
    score: float
    max_score: float
    family_wise_p: float
    carried: bool
    why: str

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Traced:
    """What came of one objective.

    Attributes:
        clean, clean_overall: metric and overall accuracy, means over clean students.
        signed: metric of the copy.
        score, max_score, family_wise_p, carried: the verdict about the copy.
    """

    clean: float
    clean_overall: float
    signed: float
    score: float
    max_score: float
    family_wise_p: float
    carried: bool


def network(width: int) -> nn.Module:
    """14 x 14 pixels to ten classes: two hidden layers in `body`, a last layer `head`."""
    model = nn.Sequential()
    model.add_module("body", nn.Sequential(nn.Linear(196, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()))
    model.add_module("head", nn.Linear(width, 10))
    return model


def student() -> nn.Module:
    """A third of the teacher's width."""
    return network(64)


def trace(
    taught: nn.Module,
    images: Images,
    fit: Fit,
    measure: Callable[[nn.Module], float],
    words: tuple[seeds.Word, ...],
    targets: Targets = lambda scores: scores,
) -> Traced:
    """Distil clean students and one signed copy with `fit`, and judge the copy among `DEVICES`.

    Args:
        taught: the teacher.
        images: transfer set, probes, test set.
        fit: untrained student, inputs, targets, seed words -> student.
        measure: accuracy of a model, 0..1.
        words: that name this trial.
        targets: what the objective learns from, made of scores (n, C).
    """
    plain = Scores.of(taught, images.transfer, "body")
    clean = tuple(
        fit(seeded(student, *words, "clean", i), images.transfer, targets(plain.values), (*words, i))
        for i in range(CLEAN)
    )
    recipe = Recipe(components=COMPONENTS, strength=STRENGTH, clean_students=CLEAN, training=Settings())
    prepared = prepare_release(
        taught, features="body", student=student, head="head", transfer=images.transfer, probes=images.probes,
        release_key=seeds.stream("benchmarks/objectives", *words).bytes(32), seed=words, recipe=recipe, clean=clean,
    )  # fmt: skip
    candidates = enrolled(prepared.pack)
    signed = plain.signed(prepared.kit, candidates.codewords[0])
    copy = fit(seeded(student, *words, "copy"), images.transfer, targets(signed.values), (*words, "copy"))
    found = judged(prepared.pack, copy, candidates)
    return Traced(
        clean=float(np.mean([measure(model) for model in clean])),
        clean_overall=float(np.mean([outputs.accuracy(m, images.test, images.test_labels) for m in clean])),
        signed=measure(copy),
        score=found.score,
        max_score=found.max_score,
        family_wise_p=found.family_wise_p,
        carried=found.carried,
    )


torch.set_num_threads(1)
