"""Rankers of text distilled by what rankers are distilled with (arXiv 2603.03010), and how each is signed."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.objectives.judging import enrolled, judged
from benchmarks.objectives.passages import LIST, WIDTH, Passages, passages
from benchmarks.objectives.released import mean, released, table_row
from benchmarks.objectives.trial import CLEAN, Row
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import ADRMSE, InfoNCE, MarginMSE, Objective, RankNet
from distill.order import keyed_positives, swap_near_ties
from distill.scores import Scores, one_way
from fingerprint import seeds

SYSTEM, PAPER, COMPONENTS, STRENGTH, GAP = "Cross-encoders", "2603.03010", 256, 0.6, 1.5
TAUGHT = Settings(epochs=4, batch_size=32, learning_rate=1e-3)
COPY = Settings(epochs=20, batch_size=64)
Targets = Callable[[Tensor, Tensor], Tensor]  # teacher's scores and shift, (n, K) each -> what the objective reads


class Lists(nn.Module):
    """A scorer of pairs over lists of them: (n, K, F) -> (n, K)."""

    def __init__(self, scorer: nn.Module) -> None:
        super().__init__()
        self.scorer = scorer

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores of every candidate."""
        return one_way(self.scorer(inputs.flatten(0, 1))).view(inputs.shape[:2])


class Pointwise:
    """Binary cross-entropy of each pair on its own, the study's weakest: it reads labels."""

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Averaged over all pairs."""
        return functional.binary_cross_entropy_with_logits(scores, targets)


@dataclass(frozen=True, kw_only=True)
class Way:
    """An objective, what it learns from unsigned and signed, and what the study says of it."""

    objective: Objective
    clean: Targets
    signed: dict[str, Targets]
    claim: str
    against: str | None


def scorer(hidden: int, features: int) -> nn.Module:
    """One pair, query and passage read together, to scores over {relevant, not relevant}."""
    body = nn.Sequential(nn.Linear(WIDTH, hidden), nn.ReLU(), nn.Linear(hidden, features), nn.ReLU())
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(features, 2)))


student = partial(scorer, 96, 160)


def reciprocal_rank(model: nn.Module, lists: Tensor) -> float:
    """Mean of 1 / rank of the first candidate."""
    scores = outputs.logits(Lists(model), lists)
    return float((1 / (1 + (scores[:, 1:] >= scores[:, :1]).sum(dim=1).double())).mean())


def labels(scores: Tensor, _shift: Tensor) -> Tensor:
    """Relevances: the first candidate of each list."""
    return torch.zeros_like(scores).index_fill(1, torch.tensor([0]), 1.0)


def ways() -> dict[str, Way]:
    """The study's objectives; those that read no sizes also with what makes them carry a signature."""

    def plain(scores: Tensor, _shift: Tensor) -> Tensor:
        return scores

    def added(scores: Tensor, shift: Tensor) -> Tensor:
        return scores + shift

    def swapped(scores: Tensor, shift: Tensor) -> Tensor:
        return swap_near_ties(scores, shift, gap=GAP * float(scores.std()))

    def positives(scores: Tensor, shift: Tensor) -> Tensor:
        first = torch.zeros(len(scores), dtype=torch.long)
        return keyed_positives(scores, first, shift, gap=GAP * float(scores.std()))

    order = {"signed scores": added, "near ties swapped": swapped}
    best, above = "ranks better than RankNet", "ranks better than BCE on labels"
    return {
        "BCE": Way(objective=Pointwise(), clean=labels, signed={"labels": labels}, claim="the baseline itself",
                   against=None),
        "RankNet": Way(objective=RankNet(), clean=plain, signed=order, claim=above, against="BCE"),
        "ADR-MSE": Way(objective=ADRMSE(), clean=plain, signed=order, claim=above, against="BCE"),
        "MarginMSE": Way(objective=MarginMSE(), clean=plain, signed={"signed scores": added}, claim=best,
                         against="RankNet"),
        "InfoNCE": Way(objective=InfoNCE(), clean=labels, signed={"labels": labels, "keyed positives": positives},
                       claim=best, against="RankNet"),
    }  # fmt: skip


def rows() -> Iterator[Row]:
    """Every objective, with each way to sign it."""
    text = passages()
    taught = teacher(text)
    measure = partial(reciprocal_rank, lists=text.test)
    known: dict[str, float] = {}
    for name, way in ways().items():
        yield from _way_rows(name, way, text, taught, measure, known)


def teacher(text: Passages) -> nn.Module:
    """A larger scorer, trained with InfoNCE on the labels."""
    fresh = seeded(partial(scorer, 256, 256), "benchmarks/objectives", "cross-encoder")
    relevant = labels(text.transfer[..., 0], text.transfer[..., 0])
    return _fit(fresh, text.transfer, relevant, InfoNCE(), TAUGHT, "teacher")


def _way_rows(
    name: str, way: Way, text: Passages, taught: nn.Module, measure: Callable[[nn.Module], float],
    known: dict[str, float],
) -> Iterator[Row]:  # fmt: skip
    plain = Scores.of(taught, text.transfer.flatten(0, 1), "body")
    scores = one_way(plain.values).view(-1, LIST)

    def fit(targets: Tensor, *words: seeds.Word) -> nn.Module:
        return _fit(seeded(student, *words), text.transfer, targets, way.objective, COPY, *words)

    clean = [fit(way.clean(scores, torch.zeros_like(scores)), "cross", name, i) for i in range(CLEAN)]
    own = known[name] = mean(measure, clean)
    baseline = known[way.against or name]
    prepared = released(
        taught, clean, transfer=plain.contexts, probes=text.probes.flatten(0, 1), words=("cross", name),
        components=COMPONENTS, strength=STRENGTH,
    )  # fmt: skip
    devices = enrolled(prepared.pack)
    shift = one_way(plain.signed(prepared.kit, devices.codewords[0]).values).view(-1, LIST) - scores
    for how, signed in way.signed.items():
        targets = signed(scores, shift)
        copy = fit(targets, "cross", name, "copy")
        yield table_row(
            SYSTEM, f"{name}, {how}, strength {STRENGTH:g}", PAPER, way.claim, own=own, baseline=baseline,
            holds=own > baseline, signed=measure(copy), found=judged(prepared.pack, copy, devices),
            why=f"mean reciprocal rank, teacher {measure(taught):.3f}; {_changed(targets, way.clean(scores, shift))}",
        )  # fmt: skip


def _changed(targets: Tensor, clean: Tensor) -> str:
    """How much of the order, or of the labels, the signature changed."""
    pairs = (targets[:, :, None] > targets[:, None, :]) != (clean[:, :, None] > clean[:, None, :])
    return f"order of {100 * float(pairs.any(dim=2).any(dim=1).double().mean()):.0f} % of lists changed"


def _fit(
    fresh: nn.Module, lists: Tensor, targets: Tensor, objective: Objective, settings: Settings, *words: seeds.Word
) -> nn.Module:
    fitted = train(Lists(fresh), lists, targets, objective, seed=words, settings=settings).model
    return fitted.get_submodule("scorer")
