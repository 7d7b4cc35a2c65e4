"""A network for the number of real roots, distilled into decision trees (arXiv 2602.23467): does a tree sign?"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.objectives import quintic
from benchmarks.objectives.judging import enrolled, judged
from benchmarks.objectives.released import mean, released, table_row
from benchmarks.objectives.trial import CLEAN, Row
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy
from distill.scores import Scores
from distill.trees import hard_tree, soft_tree
from fingerprint import seeds

SYSTEM, PAPER, CLASSES, COMPONENTS = "Quintic roots", "2602.23467", 3, 36
POLYNOMIALS, PROBES, SHARE, DEPTH = 5_000, 10_000, 0.8, 8
TAUGHT = Settings(epochs=100, batch_size=200, learning_rate=1e-3)


class Network(nn.Sequential):
    """Five coefficients, what else there is left aside, to three classes: (100, 50) hidden units in `body`."""

    def __init__(self) -> None:
        body = nn.Sequential(nn.Linear(5, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU())
        super().__init__(OrderedDict(body=body, head=nn.Linear(50, CLASSES)))

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, (n, 3)."""
        found: Tensor = super().forward(inputs[:, :5])
        return found


@dataclass(frozen=True, kw_only=True)
class Trees:
    """How trees of one sort are grown, each on its own four fifths of the transfer set.

    Attributes:
        inputs: (n, 6), coefficients and Crit8.
        columns: how many of them a tree may see.
        soft: whether it learns the teacher's scores, or its labels alone.
        depth, least: of the tree.
    """

    inputs: Tensor
    columns: int
    soft: bool
    depth: int = DEPTH
    least: int = 1

    def __call__(self, scores: Tensor, words: tuple[seeds.Word, ...]) -> nn.Module:
        """The tree of these words."""
        order = seeds.stream("benchmarks/objectives/roots", *words).permutation(len(self.inputs))
        rows = torch.as_tensor(order[: round(SHARE * len(order))])
        seen, heard = self.inputs[rows, : self.columns], scores[rows]
        if self.soft:
            return soft_tree(seen, heard, depth=self.depth, least=self.least, seed=words)
        return hard_tree(seen, heard.argmax(dim=1), CLASSES, depth=self.depth, least=self.least, seed=words)


def inputs(count: int, *words: seeds.Word) -> tuple[Tensor, Tensor]:
    """Coefficients of unit variance and Crit8, float32 (n, 6), and class numbers."""
    polynomials = quintic.balanced(count, *words)
    columns = np.column_stack([polynomials / (10 / np.sqrt(3)), quintic.crit8(polynomials)])
    return torch.as_tensor(columns, dtype=torch.float32), torch.as_tensor(quintic.classes(polynomials))


def rows() -> Iterator[Row]:
    """Trees on labels and on scores, with and without Crit8, and one minted."""
    known, labels = inputs(POLYNOMIALS, "transfer")
    test, truth = inputs(POLYNOMIALS, "test")
    probes, _ = inputs(PROBES, "probes")
    measure = partial(outputs.accuracy, inputs=test, labels=truth)
    words = ("benchmarks/objectives", "roots teacher")
    taught = train(seeded(Network, *words), known, labels, CrossEntropy(), seed=words, settings=TAUGHT).model
    plain = Scores.of(taught, known, "body")
    sorts = {
        "labels, raw": Trees(inputs=known, columns=5, soft=False),
        "labels, Crit8": Trees(inputs=known, columns=6, soft=False),
        "scores, raw": Trees(inputs=known, columns=5, soft=True),
        "scores, Crit8": Trees(inputs=known, columns=6, soft=True),
        "scores, Crit8, depth 12": Trees(inputs=known, columns=6, soft=True, depth=12, least=5),
    }
    raw: dict[bool, float] = {}
    for name, grow in sorts.items():
        clean = [grow(plain.values, ("roots", name, i)) for i in range(CLEAN)]
        own = mean(measure, clean)
        baseline = raw.setdefault(grow.soft, own)
        claim = "the baseline itself" if own == baseline else "Crit8 gives a tree what the coefficients alone do not"
        for strength in (0.1, 0.3):
            prepared = released(
                taught, clean, transfer=known, probes=probes, words=("roots", name), components=COMPONENTS,
                strength=strength,
            )  # fmt: skip
            devices = enrolled(prepared.pack)
            signed = plain.signed(prepared.kit, devices.codewords[0])
            ways = {
                "grown": grow(signed.values, ("roots", name, "copy")),
                "minted": prepared.mint(devices.codewords[0]),
            }
            for way in ("grown", "minted") if grow.soft else ("grown",):
                copy = ways[way]
                yield table_row(
                    SYSTEM, f"tree {way} on {name}, strength {strength:g}", PAPER, claim, own=own, baseline=baseline,
                    holds=own > baseline, signed=measure(copy), found=judged(prepared.pack, copy, devices),
                    why=f"net {100 * measure(taught):.1f} %, {100 * _agreement(copy, taught, test):.1f} % as the net;"
                    f" {_reason(plain, signed, copy, soft=grow.soft)}",
                )  # fmt: skip


def _reason(plain: Scores, signed: Scores, copy: nn.Module, *, soft: bool) -> str:
    """How much of the signature a tree could see at all."""
    if not soft:
        flipped = (plain.values.argmax(dim=1) != signed.values.argmax(dim=1)).double().mean()
        return f"the signature flips {100 * float(flipped):.1f} % of the labels, and only these pass"
    shift = signed.values - plain.values
    leaves = copy.get_submodule("body")(plain.contexts)
    means = leaves @ ((leaves.T @ shift) / leaves.sum(dim=0).clamp_min(1)[:, None])
    share = (means - means.mean(dim=0)).square().sum() / (shift - shift.mean(dim=0)).square().sum()
    return f"{100 * float(share):.0f} % of the signature's variance lies between leaves, the rest is averaged away"


def _agreement(one: nn.Module, other: nn.Module, on: Tensor) -> float:
    first, second = (outputs.logits(model, on).argmax(dim=1) for model in (one, other))
    return float((first == second).double().mean())
