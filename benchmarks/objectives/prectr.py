"""An encoder distilled on relevance, fine-tuned on it, then on clicks (arXiv 2602.20676): what each stage leaves.

    1. KL at T = 4 on a teacher's relevance classes         2. cross-entropy on a few relevance labels
    3. BCE(click) + lambda mean max(0, m - (s - s~)),       s~: the same pair with noise on its query's embedding

The paper gives no form of stage 1 and neither m nor lambda; these are ours. Queries, items, relevance and clicks are
generated: clicks depend on relevance and on an item's own appeal, and were logged by a policy that mostly showed what
is relevant.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.objectives.judging import Judged, enrolled, judged
from benchmarks.objectives.released import mean, released, table_row
from benchmarks.objectives.relevance import CLASSES, TOPICS, Pairs, pairs
from benchmarks.objectives.trial import CLEAN, Row
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD
from distill.scores import Scores
from fingerprint import seeds

SYSTEM, PAPER, COMPONENTS, STRENGTHS = "PRECTR-V2", "2602.20676", 32, (0.1, 0.3)
MARGIN, WEIGHT, NOISE = 1.0, 0.2, 0.5
TAUGHT, COPY, TUNED = Settings(epochs=12), Settings(epochs=20), Settings(epochs=4, learning_rate=5e-4)


class Encoder(nn.Module):
    """Query and item, read together, in `body`; relevance classes from `head`, clicks from `click` and the appeal."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(3 * TOPICS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, features),
            nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(features, CLASSES)
        self.click = nn.Linear(features + 1, 1)

    def encoded(self, inputs: Tensor) -> Tensor:
        """What both heads read, (n, features)."""
        query, item = inputs[:, :TOPICS], inputs[:, TOPICS : 2 * TOPICS]
        found: Tensor = self.body(torch.cat([query, item, query * item], dim=1))
        return found

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits over the classes of relevance, (n, 4)."""
        found: Tensor = self.head(self.encoded(inputs))
        return found


class Clicks(nn.Module):
    """The same encoder answering with its click score, and in training with that of the noised query beside it."""

    def __init__(self, encoder: Encoder, seed: int) -> None:
        super().__init__()
        self.encoder = encoder
        self._noise = seed

    def forward(self, inputs: Tensor) -> Tensor:
        """Click scores (n, 1); while it trains (n, 2), the second of hard negatives made of noise."""
        scores = self._scores(inputs)
        if not self.training:
            return scores
        self._noise += 1
        draw = torch.Generator().manual_seed(self._noise)
        noised = inputs.clone()
        noised[:, :TOPICS] += NOISE * torch.randn(len(inputs), TOPICS, generator=draw)
        return torch.cat([scores, self._scores(noised)], dim=1)

    def _scores(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.encoder.click(torch.cat([self.encoder.encoded(inputs), inputs[:, -1:]], dim=1))
        return found


class ClickAnswers(nn.Module):
    """A suspect that shows its click score alone, s: as answers over the classes of relevance, s (c - 3/2)."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.clicks = Clicks(encoder, 0)

    def forward(self, inputs: Tensor) -> Tensor:
        """(n, 4), all on one line."""
        found: Tensor = self.clicks(inputs)[:, :1] * (torch.arange(CLASSES) - (CLASSES - 1) / 2)
        return found


def click_loss(scores: Tensor, clicks: Tensor) -> Tensor:
    """BCE of the pair's score, and the hinge against its noised twin where there was a click."""
    hinge = functional.relu(MARGIN - (scores[:, 0] - scores[:, 1])) * clicks
    return functional.binary_cross_entropy_with_logits(scores[:, 0], clicks) + WEIGHT * hinge.mean()


student = partial(Encoder, 64, 48)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the stages learn from, and what they are measured on."""

    transfer: Pairs
    labelled: Pairs
    logged: Pairs
    test: Pairs

    def accuracy(self, model: nn.Module) -> float:
        """Of relevance."""
        return outputs.accuracy(model, self.test.inputs, self.test.relevance)

    def auc(self, model: nn.Module) -> float:
        """Of clicks."""
        scores = outputs.logits(Clicks(_encoder(model), 0), self.test.inputs)[:, 0]
        return float(roc_auc_score(self.test.clicks.numpy(), scores.numpy()))

    def tuned(self, model: nn.Module, *words: seeds.Word) -> nn.Module:
        """Stage 2."""
        few = self.labelled
        return train(model, few.inputs, few.relevance, CrossEntropy(), seed=("sft", *words), settings=TUNED).model

    def clicked(self, model: nn.Module, *words: seeds.Word) -> nn.Module:
        """Stage 3."""
        fresh = Clicks(_encoder(model), seeds.number("prectr/noise", *words))
        found = train(
            fresh, self.logged.inputs, self.logged.clicks, click_loss, seed=("ctr", *words), settings=TUNED
        ).model
        return found.get_submodule("encoder")


def _encoder(model: nn.Module) -> Encoder:
    assert isinstance(model, Encoder)
    return model


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What clean students reach at a stage, and those who did without: the claim is about the difference."""

    name: str
    claim: str
    own: float
    baseline: float
    measure: Callable[[nn.Module], float]


def rows() -> Iterator[Row]:
    """One copy for each strength, looked at after each stage."""
    ground = Ground(
        transfer=pairs(8_000, "transfer"), labelled=pairs(1_500, "labelled"),
        logged=pairs(8_000, "logged", biased=True), test=pairs(5_000, "test"),
    )  # fmt: skip
    words = ("benchmarks/objectives", "prectr teacher")
    fresh, many = seeded(partial(Encoder, 192, 96), *words), pairs(20_000, "taught")
    taught = train(fresh, many.inputs, many.relevance, CrossEntropy(), seed=words, settings=TAUGHT).model
    plain = Scores.of(taught, ground.transfer.inputs, "body")

    def distilled(values: Tensor, *name: seeds.Word) -> nn.Module:
        return train(
            seeded(student, "prectr", *name), plain.contexts, values, HintonKD(), seed=("prectr", *name), settings=COPY
        ).model

    clean = [distilled(plain.values, i) for i in range(CLEAN)]
    probes, stages = pairs(6_000, "probes").inputs, _stages(ground, clean)
    for strength in STRENGTHS:
        prepared = released(
            taught, clean, transfer=plain.contexts, probes=probes, words=("prectr",), components=COMPONENTS,
            strength=strength,
        )  # fmt: skip
        devices = enrolled(prepared.pack)
        copy = distilled(plain.signed(prepared.kit, devices.codewords[0]).values, "copy")
        yield from _followed(ground, stages, copy, strength, partial(judged, prepared.pack, candidates=devices))


def _stages(ground: Ground, clean: list[nn.Module]) -> tuple[Stage, ...]:
    few = ground.labelled
    alone = [
        train(seeded(student, "alone", i), few.inputs, few.relevance, CrossEntropy(), seed=("alone", i), settings=COPY)
        for i in range(CLEAN)
    ]
    tuned = [ground.tuned(model, i) for i, model in enumerate(clean)]
    ends = [ground.clicked(model, i) for i, model in enumerate(tuned)]
    raw = [ground.clicked(seeded(student, "clicks", i), "clicks", i) for i in range(CLEAN)]
    labels = mean(ground.accuracy, [each.model for each in alone])
    better = partial(
        Stage, claim="relevance is more accurate than from the few labels alone", baseline=labels,
        measure=ground.accuracy,
    )  # fmt: skip
    return (
        better(name="stage 1, distilled on relevance", own=mean(ground.accuracy, clean)),
        better(name="stage 2, fine-tuned on relevance", own=mean(ground.accuracy, tuned)),
        Stage(
            name="stage 3, fine-tuned on clicks", claim="AUC above clicks alone", own=mean(ground.auc, ends),
            baseline=mean(ground.auc, raw), measure=ground.auc,
        ),
    )  # fmt: skip


def _followed(
    ground: Ground, stages: tuple[Stage, ...], copy: nn.Module, strength: float, found: Callable[[nn.Module], Judged]
) -> Iterator[Row]:
    kept = ground.tuned(copy, "copy")
    last = ground.clicked(kept, "copy")
    for stage, suspect in zip(stages, (copy, kept, last), strict=True):
        yield _row(
            stage, suspect, strength, found(suspect),
            f"{100 * (stage.own - stage.baseline):+.2f} points; relevance {100 * ground.accuracy(suspect):.1f} %,"
            " answers of the relevance head",
        )  # fmt: skip
    yield _row(
        replace(stages[-1], name="stage 3, click score alone"), last, strength, found(ClickAnswers(_encoder(last))),
        "one number a pair shows one of three directions between classes, and clicks were learnt over it",
    )  # fmt: skip


def _row(stage: Stage, suspect: nn.Module, strength: float, found: Judged, why: str) -> Row:
    return table_row(
        SYSTEM, f"{stage.name}, strength {strength:g}", PAPER, stage.claim, own=stage.own, baseline=stage.baseline,
        holds=stage.own > stage.baseline, signed=stage.measure(suspect), found=found, why=why,
    )  # fmt: skip
