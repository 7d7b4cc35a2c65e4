"""The work in an order in which nothing waits for anything of the same stage; every task runs in a worker process."""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.survival.plan import METHODS, Plan
from benchmarks.survival.workshop import CLEAN, INDEPENDENT, Answers, Workshop, workshop
from distill import outputs
from distill.survival import Floats, fields, read
from distill.transforms import attack
from distill.transforms.base import OBSERVATIONS
from fingerprint.pack import VerifierPack
from fingerprint.schemes.cosine.scoring import PAPER_THRESHOLD
from fingerprint.verify import Candidates

Row = dict[str, Any]
MINTED_FOR_CURVE = 20  # minted copies per strength: milliseconds each to make, a second each to verify
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One piece of work and where it is done.

    Attributes:
        plan, images, results: name of the plan and the two folders.
        what: name of the work, then its arguments.
    """

    plan: str
    images: Path
    results: Path
    what: tuple[Any, ...]


def perform(task: Task) -> tuple[float, list[Row]]:
    """Seconds of processor time and rows of the table, if the task makes any."""
    begun = time.process_time()
    shop = workshop(task.plan, task.images, task.results)
    name, *arguments = task.what
    rows = WORK[name](shop, *arguments)
    return time.process_time() - begun, rows


def stages(plan: Plan, schemes: tuple[str, ...]) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Caption and tasks of every stage."""
    strength = plan.recipe.strength
    labels = sorted({row.labels for scheme in schemes for row in plan.attacks(scheme) if row.labels})
    copies = [("copy", scheme, strength, number) for scheme in schemes for number in range(plan.devices)]
    curve = [("curve", scheme, value) for scheme in schemes for value in plan.strengths]
    attacks = [("attack", s, m, a.name) for s in schemes for m in METHODS[s] for a in plan.attacks(s)]
    strangers = [("stranger", s, m, name) for s in schemes for m in METHODS[s] for name in (CLEAN, INDEPENDENT)]
    return [
        ("teacher", [("teacher",)]),
        ("clean students", [("clean", number) for number in range(plan.recipe.clean_students + 1)]),
        ("copies and models from scratch", [*copies, *(("scratch", count) for count in labels)]),
        ("attacks", [*attacks, *strangers, *curve]),
    ]


def run(
    executor: Executor, plan: Plan, *, images: Path, results: Path, schemes: tuple[str, ...], say: Say
) -> tuple[float, list[Row]]:
    """All stages: processor seconds and all rows."""
    total, rows = 0.0, list[Row]()
    for caption, works in stages(plan, schemes):
        tasks = [Task(plan=plan.name, images=images, results=results, what=what) for what in works]
        for done, (seconds, made) in enumerate(executor.map(perform, tasks), 1):
            total, rows = total + seconds, rows + made
            say(f"{caption}: {done} of {len(tasks)}")
    return total, rows


def _teacher(shop: Workshop) -> list[Row]:
    _ = shop.teacher
    return []


def _clean(shop: Workshop, number: int) -> list[Row]:
    shop.clean(number)
    return []


def _copy(shop: Workshop, scheme: str, strength: float, number: int) -> list[Row]:
    shop.copy(scheme, "distilled", strength, number)
    return []


def _scratch(shop: Workshop, labels: int) -> list[Row]:
    shop.scratch_accuracy(labels)
    return []


def _attack(shop: Workshop, scheme: str, method: str, name: str) -> list[Row]:
    row = attack(name)
    truth = frozenset(f"device-{number}" for number in range(row.copies))
    scratch = {"scratch_accuracy": shop.scratch_accuracy(row.labels)} if row.labels else {}
    answers = shop.attacked(scheme, method, name)
    return [{**made, **scratch} for made in _rows(shop, scheme, method, name, answers, row.observations, truth)]


def _stranger(shop: Workshop, scheme: str, method: str, name: str) -> list[Row]:
    return _rows(shop, scheme, method, name, shop.stranger(name), OBSERVATIONS, frozenset())


def _rows(
    shop: Workshop,
    scheme: str,
    method: str,
    name: str,
    answers: Answers,
    observations: tuple[str, ...],
    truth: frozenset[str],
) -> list[Row]:
    strength = shop.plan.recipe.strength
    pack, candidates = shop.prepared(scheme, strength).pack, shop.candidates(scheme, strength, shop.plan.devices)
    head = {"scheme": scheme, "method": method, "attack": name}
    accuracies = {"accuracy": shop.accuracy(answers), "clean_accuracy": shop.clean_accuracy}
    logits = answers["probes"].astype(np.float64)
    return [
        {
            **head,
            "observation": observation,
            **accuracies,
            **_reading(pack, candidates, logits, observation, truth),
        }
        for observation in observations
    ]


def _reading(
    pack: VerifierPack, candidates: Candidates, logits: Floats, observation: str, truth: frozenset[str]
) -> Row:
    found = fields(read(pack, candidates, logits, observation=observation, truth=truth))
    if pack.scheme == "cosine":  # the published rule, which knows no number of devices
        found["paper_rule_accuses"] = found["score"] > PAPER_THRESHOLD
    return found


def _curve(shop: Workshop, scheme: str, strength: float) -> list[Row]:
    """Strength against accuracy and key recovery, untouched copies answering log-probabilities."""
    counts = {"distilled": 1, "minted": MINTED_FOR_CURVE}
    return [_curve_row(shop, scheme, strength, method, counts[method]) for method in METHODS[scheme]]


def _curve_row(shop: Workshop, scheme: str, strength: float, method: str, count: int) -> Row:
    pack, readings, accuracies = shop.prepared(scheme, strength).pack, [], []
    for number in range(count):
        model = shop.copy(scheme, method, strength, number)
        candidates = shop.candidates(scheme, strength, max(number + 1, shop.plan.devices))
        logits = outputs.logits(model, shop.probes).numpy().astype(np.float64)
        truth = frozenset({f"device-{number}"})
        readings.append(read(pack, candidates, logits, observation="logprobs", truth=truth))
        accuracies.append(outputs.accuracy(model, shop.data.test, shop.data.test_labels))
    return {
        "curve": "strength",
        "scheme": scheme,
        "method": method,
        "strength": strength,
        "copies": count,
        "accuracy": float(np.mean(accuracies)),
        "clean_accuracy": shop.clean_accuracy,
        "score": float(np.mean([reading.score for reading in readings])),
        "max_score": readings[0].max_score,
        "ber": None if readings[0].ber is None else float(np.mean([reading.ber for reading in readings])),
        "fer": float(np.mean([reading.fer for reading in readings])),
        "not_named": float(np.mean([not reading.named_correctly for reading in readings])),
    }


WORK: dict[str, Callable[..., list[Row]]] = {
    "teacher": _teacher,
    "clean": _clean,
    "copy": _copy,
    "scratch": _scratch,
    "attack": _attack,
    "stranger": _stranger,
    "curve": _curve,
}
