"""Evidence that owes nothing to a fresh codeword, of every kind that we could think of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from api.demo import fleet, suspects
from api.demo.model import Model
from distill import outputs
from fingerprint import codeword, seeds
from fingerprint.carriers import from_class_basis
from fingerprint.observation import observe
from fingerprint.sequential import evidence_at
from fingerprint.statistics import SequentialPlan
from fingerprint.verify import gather

Floats = NDArray[np.float64]
Given = tuple[str, str, str, NDArray[Any]]  # group, name, kind, answers
CLEAN, INDEPENDENT, COPY, CONSTANT, ADVERSARIAL = (
    "clean",
    "independent",
    "copy of another device",
    "constant",
    "adversarial",
)


@dataclass(frozen=True, kw_only=True)
class Accused:
    """One suspect's evidence.

    Attributes:
        name: what it is.
        group: clean, independent, copy of another device, constant or adversarial.
        evidence: y from all its answers, (L,).
        looks: y at every look of the sequential plan; empty for evidence that no answers stand behind.
    """

    name: str
    group: str
    evidence: Floats
    looks: tuple[Floats, ...] = ()


def plan(built: Model, alpha: float) -> SequentialPlan:
    """The looks that a suspect of this release would be given."""
    pack = built.prepared.pack
    return SequentialPlan.doubling(pack.release_id, probes=pack.count, alpha=alpha)


def line_up(built: Model) -> Iterator[Accused]:
    """All suspects."""
    pack = built.prepared.pack
    for given in (_models, _constant, _adversarial):
        for group, name, kind, answers in given(built):
            whole = gather(pack, observe(kind, answers, probes=pack.count, classes=pack.classes))
            looks = [
                evidence_at(pack, look, kind=kind, answers=answers[: look.probes]) for look in plan(built, 0.1).looks
            ]
            yield Accused(name=name, group=group, evidence=whole.values, looks=tuple(found.values for found in looks))
    for name, evidence in _bare(pack.bits):
        yield Accused(name=name, group=ADVERSARIAL, evidence=evidence)


def _inputs(built: Model) -> torch.Tensor:
    return torch.as_tensor(built.prepared.pack.probes.copy())


def _models(built: Model) -> Iterator[Given]:
    """The demonstration's suspects, whose codewords are not among those tried; the references; strangers."""
    groups = {"clean student": CLEAN, "independent model": INDEPENDENT}
    inputs = _inputs(built)
    for suspect in suspects.line_up(built, _issue(built)):
        yield groups.get(suspect.name, COPY), suspect.name, suspect.kind, suspect.answer(inputs)
    for number, reference in enumerate(built.prepared.clean):
        yield CLEAN, f"reference student {number + 1}", "logits", outputs.logits(reference, inputs).numpy()
    yield CLEAN, "teacher, labels only", "labels", outputs.logits(built.teacher, inputs).numpy().argmax(axis=1)
    strangers = {
        "random forest": RandomForestClassifier(60, random_state=1),
        "logistic regression": LogisticRegression(max_iter=2000),
        "nearest neighbours": KNeighborsClassifier(15),
    }
    for name, stranger in strangers.items():
        stranger.fit(built.data.train.numpy(), built.data.train_labels.numpy())
        yield INDEPENDENT, name, "probs", stranger.predict_proba(inputs.numpy())
        yield INDEPENDENT, f"{name}, labels only", "labels", stranger.predict(inputs.numpy())


def _issue(built: Model) -> tuple[fleet.Issued, ...]:
    """Eight copies without a registry: one distilled, seven minted."""
    copies = []
    for number, name in enumerate(fleet.device_names()):
        word = codeword.derive(
            seeds.xof(b"benchmark devices", name, length=32),
            release=built.prepared.pack.release_id,
            nonce=bytes(32),
            length=built.prepared.pack.bits,
        )
        made = built.prepared.distil(word, seed=("benchmark", name)).model if number == 0 else built.prepared.mint(word)
        copies.append(fleet.Issued(device=name, model=made, method="minted" if number else "distilled"))
    return tuple(copies)


def _constant(built: Model) -> Iterator[Given]:
    """As constant as answers may be: exactly constant ones are refused as no evidence."""
    pack = built.prepared.pack
    rng = seeds.stream("benchmark", "constant")
    labels = np.zeros(pack.count, dtype=np.int64)
    labels[-1] = 1
    yield CONSTANT, "one label but for the last probe", "labels", np.where(np.arange(pack.count) == 0, 1, labels)
    flat = np.zeros((pack.count, pack.classes))
    flat[0, 0] = 1e-3
    yield CONSTANT, "one logit of one probe", "logits", flat
    yield CONSTANT, "constant with rounding noise", "logits", 1e-12 * rng.normal(size=flat.shape)


def _adversarial(built: Model) -> Iterator[Given]:
    """Answers of somebody who knows the carriers and wants the evidence to lie in one, two or three of them."""
    pack = built.prepared.pack
    reference = pack.references["clean"].astype(np.float64)
    rng = seeds.stream("benchmark", "adversarial")
    for count in (1, 2, 3, 12):
        chosen = np.zeros(pack.bits)
        chosen[rng.choice(pack.bits, count, replace=False)] = 1.0
        blocks = pack.rotation.forward(chosen).reshape(pack.classes - 1, -1)
        signature = pack.features.astype(np.float64) @ from_class_basis(blocks.T)
        yield ADVERSARIAL, f"reference plus {count} carriers", "logits", reference + signature
    wild = reference + rng.standard_cauchy(size=reference.shape) * (rng.random((pack.count, 1)) < 0.01)
    yield ADVERSARIAL, "wild answers to one probe in a hundred", "logits", wild
    yield ADVERSARIAL, "random labels", "labels", rng.integers(pack.classes, size=pack.count)


def _bare(bits: int) -> Iterator[tuple[str, Floats]]:
    """Evidence of the worst shapes, without answers behind it."""
    yield "evidence: one carrier", np.eye(bits)[0]
    yield "evidence: two equal carriers", np.eye(bits)[0] + np.eye(bits)[1]
    yield "evidence: geometric, ratio 0.8", 0.8 ** np.arange(bits)
    yield "evidence: all carriers equal", np.ones(bits)
    yield "evidence: heavy tails", seeds.stream("benchmark", "heavy tails").standard_cauchy(size=bits)
