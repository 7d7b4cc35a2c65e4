"""Make the suspects, fix the evidence, and only then score."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from benchmarks.coalition import networks
from benchmarks.coalition.plan import PLAN, Line
from benchmarks.coalition.workshop import RECIPE, TESTS, Workshop
from distill import outputs
from distill.transforms import AverageOutputs, RoundedAnswers, average_weights, finetune, redistil
from distill.transforms.coalitions import COALITIONS
from fingerprint.observation import Kind, observe
from fingerprint.tracing import CATALOGUE, CoalitionVerdict, trace_coalition
from fingerprint.verify import Candidates, Evidence, gather

Row = dict[str, Any]
_LABELS = 6_666


def run(shop: Workshop, say: Callable[[str], None]) -> list[Row]:
    """All rows of the plan."""
    rows: list[Row] = []
    for line in PLAN:
        for size in line.sizes:
            say(f"{line.method} {line.bias} {line.attack} of {size}")
            rows.extend(_coalition(shop, line, size))
    return rows


def _coalition(shop: Workshop, line: Line, size: int) -> Iterator[Row]:
    candidates = shop.candidates(line.bias)
    copies = [shop.copy(line.method, candidates.codewords[number], number) for number in range(size)]
    suspect = copies[0] if size == 1 else _mix(shop, line.attack, copies)
    accuracy = shop.accuracy(suspect)
    answers = outputs.logits(suspect, shop.data.probes).numpy().astype(np.float64)
    for kind in line.observations:
        evidence = _evidence(shop, kind, answers)
        for name, score in CATALOGUE.items():
            found = trace_coalition(evidence, candidates, bias=shop.bias(line.bias), score=score, tests=TESTS)
            yield {
                "bias": line.bias,
                "method": line.method,
                "attack": line.attack,
                "size": size,
                "observation": kind,
                "score": name,
                "accuracy": accuracy,
                **_figures(found, candidates, size),
            }


def _mix(shop: Workshop, attack: str, copies: Sequence[nn.Module]) -> nn.Module:
    x, y, words = shop.data.thief, shop.data.thief_labels, ("benchmarks/coalition", attack)
    match attack:
        case "average, 2 digits":
            return RoundedAnswers(AverageOutputs(copies)).eval()
        case "weight average, fine-tuned":
            return finetune(average_weights(copies), x[:_LABELS], y[:_LABELS], seed=words)
        case "average, second-hand":
            return redistil(AverageOutputs(copies), x, networks.student, seed=words, settings=RECIPE.training)
        case _:
            return COALITIONS[attack](copies).eval()


def _evidence(shop: Workshop, kind: str, answers: NDArray[np.float64]) -> Evidence:
    given: NDArray[Any] = answers
    if kind == Kind.LABELS:
        given = answers.argmax(axis=1)
    if kind in (Kind.LOGPROBS, Kind.PROBS):
        given = answers - answers.max(axis=1, keepdims=True)
        given = given - np.log(np.exp(given).sum(axis=1, keepdims=True))
    if kind == Kind.PROBS:
        given = np.exp(given)
    pack = shop.prepared.pack
    return gather(pack, observe(kind, given, probes=pack.count, classes=pack.classes))


def _figures(found: CoalitionVerdict, candidates: Candidates, size: int) -> Row:
    members = set(candidates.devices[:size])
    rows = {row.device: row for row in found.verdict.ranked}
    best = min((rows[name] for name in members if name in rows), key=lambda row: row.family_wise_p, default=None)
    named = set(found.verdict.named)
    return {
        "members_named": len(named & members),
        "innocents_named": len(named - members),
        "best_score": best.score if best else None,
        "family_wise_p": best.family_wise_p if best else 1.0,
        "rounds": [len(round_.named) for round_ in found.rounds],
    }
