"""Copies minted and signed in their weights, attacked, and judged by answers, by file, and by both."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from torch import nn

from benchmarks.coalition import networks
from benchmarks.coalition.workshop import RECIPE, TESTS, Workshop
from benchmarks.weights.disguise import noisy_weights, permute_and_rescale
from benchmarks.weights.seen import seen_evidence
from distill import outputs
from distill.transforms import Means, attack, average_weights, finetune
from distill.weights import prepare_weights, sign_weights, state
from fingerprint import trace
from fingerprint.errors import WrongShape
from fingerprint.observation import observe
from fingerprint.verify import Evidence, gather, judge
from fingerprint.weights import WeightsPack, gather_weights, pool_evidence

Row = dict[str, Any]
_CATALOGUED = (
    "int8", "int4", "prune 50 %", "prune 80 %", "fine-tune last", "fine-tune all", "new head 300 last",
    "new head 6666 last", "new head 6666 all", "new upper layers 6666", "overwrite", "second-hand same",
)  # fmt: skip
_STRENGTHS = (0.005, 0.01, 0.02, 0.05, 0.1)
_SEEN = (
    "none", "fine-tune last", "new head 300 last", "new head 6666 last", "fine-tune all", "new head 6666 all",
    "2 digits",
)  # fmt: skip
_DEVICES, _PRICED, _SEEN_PROBES = 50, 10, 1500


class Bench:
    """One release, its weights pack, and ten devices' copies."""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.pack = prepare_weights(shop.prepared.base, shop.prepared.kit)
        everybody = shop.candidates("uniform")
        self.candidates = replace(
            everybody,
            devices=everybody.devices[:_DEVICES],
            copies=everybody.copies[:_DEVICES],
            codewords=everybody.codewords[:_DEVICES],
        )

    def copy(self, number: int, pack: WeightsPack | None = None) -> nn.Module:
        """Minted, and signed in its weights."""
        codeword = self.candidates.codewords[number]
        return sign_weights(self.shop.prepared.mint(codeword), pack or self.pack, codeword).eval()

    def means(self) -> Means:
        """What the thief has."""
        data = self.shop.data
        return Means(
            inputs=data.thief,
            labelled=data.thief,
            labels=data.thief_labels,
            same=networks.student,
            other=networks.student,
            head=networks.HEAD,
            training=RECIPE.training,
            seed=("benchmarks/weights",),
        )

    def suspects(self) -> dict[str, Callable[[], nn.Module]]:
        """Every attack by name."""
        copies = tuple(self.copy(number) for number in range(5))
        x, y = self.shop.data.thief[:6666], self.shop.data.thief_labels[:6666]
        tuned = partial(finetune, copies[0], x, y, seed=("benchmarks/weights", "tuned"))
        found: dict[str, Callable[[], nn.Module]] = {"none": lambda: copies[0]}
        for name in _CATALOGUED:
            found[name] = partial(attack(name).run, copies, self.means())
        return {
            **found,
            "permuted, rescaled": lambda: permute_and_rescale(copies[0], self.pack.chain),
            "fine-tuned, permuted, rescaled": lambda: permute_and_rescale(tuned(), self.pack.chain),
            "noise 10 %": lambda: noisy_weights(copies[0], 0.1),
            "noise 30 %": lambda: noisy_weights(copies[0], 0.3),
            "weight average of 5": lambda: average_weights(copies),
            "base": lambda: self.shop.prepared.base,
            "clean": lambda: self.shop.prepared.clean[1],
        }

    def row(self, name: str, suspect: nn.Module) -> Row:
        """Scores of the copy's own device by each evidence."""
        pack = self.shop.prepared.pack
        answers = outputs.logits(suspect, self.shop.data.probes).numpy().astype(np.float64)
        observation = observe("logits", answers, probes=pack.count, classes=pack.classes)
        labels = observe("labels", answers.argmax(axis=1), probes=pack.count, classes=pack.classes)
        evidences: dict[str, Evidence] = {
            "logits": gather(pack, observation),
            "labels": gather(pack, labels),
        }
        try:
            evidences["weights"] = gather_weights(self.pack, state(suspect))
        except WrongShape:
            return {"attack": name, "accuracy": self.shop.accuracy(suspect)}
        for kind in ("logits", "labels"):
            evidences[f"{kind}+weights"] = pool_evidence(evidences[kind], evidences["weights"])
        scores = {kind: self.judged(evidence) for kind, evidence in evidences.items()}
        return {"attack": name, "accuracy": self.shop.accuracy(suspect), "evidence": scores}

    def judged(self, evidence: Evidence) -> Row:
        """Score of the first device, who is named, and the best score of a device that is in no coalition."""
        verdict = judge(evidence, self.candidates, tests=TESTS)
        own = next(row for row in verdict.ranked if row.device == self.candidates.devices[0])
        best = max(row.score for row in verdict.ranked if row.device not in self.candidates.devices[:5])
        return {
            "score": own.score,
            "family_wise_p": own.family_wise_p,
            "named": list(verdict.named),
            "best_stranger": best,
        }


def seen(bench: Bench, say: Callable[[str], None]) -> list[Row]:
    """Research: the hidden layers' signature in the answers of copies whose head was replaced, files unseen."""
    shop, copies = bench.shop, (bench.copy(0),)
    probes = shop.data.probes[:_SEEN_PROBES]
    flat = nn.functional.avg_pool2d(probes, 2).flatten(1).numpy()
    rows = []
    for name in _SEEN:
        say(f"seen: {name}")
        suspect = attack(name).run(copies, bench.means())
        told = outputs.logits(suspect, probes).log_softmax(dim=1).numpy().astype(np.float64)
        t = trace.scores(seen_evidence(told, flat, bench.pack), bench.candidates.codewords)
        accuracy = shop.accuracy(suspect)
        rows.append({"attack": name, "accuracy": accuracy, "score": float(t[0]), "best_stranger": float(t[1:].max())})
    return rows


def run(shop: Workshop, say: Callable[[str], None]) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows per attack, rows per strength, and rows of what answers show of the hidden layers."""
    bench = Bench(shop)
    rows = []
    for name, make in bench.suspects().items():
        say(name)
        rows.append(bench.row(name, make()))
    say("strengths")
    return rows, [_priced(bench, strength) for strength in _STRENGTHS], seen(bench, say)


def _priced(bench: Bench, strength: float) -> Row:
    shop, data = bench.shop, bench.shop.data
    pack = replace(bench.pack, strength=strength)
    minted = [shop.accuracy(shop.prepared.mint(word)) for word in bench.candidates.codewords[:_PRICED]]
    signed = [shop.accuracy(bench.copy(number, pack)) for number in range(_PRICED)]
    tuned = finetune(bench.copy(0, pack), data.thief[:6666], data.thief_labels[:6666], seed=("benchmarks/weights",))
    evidence = gather_weights(pack, state(tuned))
    cost = np.array(minted) - np.array(signed)
    return {
        "strength": strength,
        "copies": _PRICED,
        "accuracy_cost_points": 100 * float(cost.mean()),
        "standard_error_points": 100 * float(cost.std(ddof=1) / np.sqrt(_PRICED)),
        "score_fine_tuned": bench.judged(evidence)["score"],
    }
