"""FedEMA-Distill: federations with and without Byzantine clients; the server signs what it hands out, or clients sign.

The first federation of a plan is the dry run: its server's features are what signatures are a map of. What the server
hands out is signed under a release whose teacher is the aggregate; what clients upload is signed in every round, each
with a codeword of its own, under a release whose clean students are three servers of federations where nobody signed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from benchmarks.objectives import data
from benchmarks.objectives.federation import (
    LOCAL,
    Aggregation,
    Ended,
    Ensemble,
    Parties,
    Plan,
    Upload,
    dirichlet,
    federate,
)  # fmt: skip
from benchmarks.objectives.judging import DEVICES, Judged, contributors, enrolled
from benchmarks.objectives.trial import CLEAN, STRENGTH, Row, network
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD
from distill.release import Prepared, Recipe, prepare_release
from fingerprint import seeds
from fingerprint.verify import Candidates

CLIENTS, CONCENTRATION, ROUNDS, COMPONENTS, BYZANTINE = 8, 0.3, 8, 64, 2
LOUD = 0.4  # strength of what clients sign when 0.1 is drowned
PLANS = {
    "mean, no EMA": Plan(momentum=0.0),
    "mean, EMA": Plan(),
    "mean, EMA, 2 of 8 Byzantine": Plan(byzantine=BYZANTINE),
    "median, EMA, 2 of 8 Byzantine": Plan(aggregation=Aggregation.MEDIAN, byzantine=BYZANTINE),
    "trimmed mean, EMA, 2 of 8 Byzantine": Plan(aggregation=Aggregation.TRIMMED, byzantine=BYZANTINE),
}
CLAIMS = {
    "mean, no EMA": ("the baseline itself", "mean, no EMA"),
    "mean, EMA": ("more accurate than without EMA", "mean, no EMA"),
    "mean, EMA, 2 of 8 Byzantine": ("the baseline under attack itself", "mean, EMA, 2 of 8 Byzantine"),
    "median, EMA, 2 of 8 Byzantine": ("more accurate than the mean under attack", "mean, EMA, 2 of 8 Byzantine"),
    "trimmed mean, EMA, 2 of 8 Byzantine": ("more accurate than the mean under attack", "mean, EMA, 2 of 8 Byzantine"),
}
SIGNED_BY_CLIENTS = ("mean, EMA", "trimmed mean, EMA, 2 of 8 Byzantine")


def student() -> nn.Module:
    """What every client and the server train: eight codewords in one model need more carriers than width 64 has."""
    return network(128)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One plan's federations in which nobody signs, the dry run first, and what they cost and gained."""

    images: data.Images
    parties: Parties
    name: str
    plan: Plan
    runs: tuple[Ended, ...]
    own: float
    baseline: float


def rows() -> Iterator[Row]:
    """Every plan with a server that signs, and some with clients that do."""
    images = data.larger()
    known: dict[str, float] = {}
    for name, plan in PLANS.items():
        setting = _setting(images, name, plan, known)
        yield from _by_server(setting)
        if name in SIGNED_BY_CLIENTS:
            yield from _by_clients(setting)


def parties(images: data.Images) -> Parties:
    """The first 4,000 images without their labels are public, the others are the clients' own."""
    public = len(data.plain().transfer)
    own, labels = images.transfer[public:], images.labels[public:]
    parts = dirichlet(labels, CLIENTS, CONCENTRATION, "fashion")
    return Parties(
        proxy=images.transfer[:public], shares=tuple((own[part], labels[part]) for part in parts), fresh=student
    )


def _setting(images: data.Images, name: str, plan: Plan, known: dict[str, float]) -> Setting:
    every = parties(images)
    runs = tuple(federate(every, plan, ROUNDS, (name, i)) for i in range(CLEAN))
    known[name] = float(np.mean([_accuracy(images, run.server) for run in runs]))
    return Setting(
        images=images, parties=every, name=name, plan=plan, runs=runs, own=known[name],
        baseline=known[CLAIMS[name][1]],
    )  # fmt: skip


def _accuracy(images: data.Images, model: nn.Module) -> float:
    return outputs.accuracy(model, images.test, images.test_labels)


def _by_server(setting: Setting) -> Iterator[Row]:
    """The server hands client 0 the aggregate, signed; the client distils it, then also learns its own data."""
    prepared = _release(setting, "server", strength=STRENGTH)
    candidates = enrolled(prepared.pack)
    copy = prepared.distil(candidates.codewords[0], seed=(setting.name, "copy")).model
    inputs, labels = setting.parties.shares[0]
    tuned = train(copy, inputs, labels, CrossEntropy(), seed=(setting.name, "tuned"), settings=LOCAL).model
    clean = float(np.mean([_accuracy(setting.images, model) for model in prepared.clean]))
    for what, model in (("", copy), (", then a pass over its own data", tuned)):
        found, named = contributors(prepared.pack, model, candidates, (0,))
        cost = clean - _accuracy(setting.images, model)
        yield _row(setting, f"server signs{what}", found, cost, named)


def _release(setting: Setting, who: str, *, strength: float, clean: tuple[nn.Module, ...] | None = None) -> Prepared:
    dry = setting.runs[0]
    words = ("fedema", setting.name, who)
    return prepare_release(
        Ensemble(dry.clients, setting.plan), features=dry.server.get_submodule("body"), student=student, head="head",
        transfer=setting.parties.proxy, probes=setting.images.probes, clean=clean, seed=words,
        release_key=seeds.stream("benchmarks/objectives", *words).bytes(32),
        recipe=Recipe(
            components=COMPONENTS, strength=strength, clean_students=CLEAN, training=Settings(epochs=20)
        ),
    )  # fmt: skip


def _by_clients(setting: Setting) -> Iterator[Row]:
    """Honest clients sign their uploads: who is read in the server's model, and in a model that learnt one upload."""
    last = federate(setting.parties, setting.plan, ROUNDS, (setting.name, CLEAN))
    clean = tuple(run.server for run in (*setting.runs[1:], last))
    signing = CLIENTS - setting.plan.byzantine
    for strength in (STRENGTH, LOUD):
        prepared = _release(setting, "clients", strength=strength, clean=clean)
        candidates = enrolled(prepared.pack)
        signs = _upload(prepared, candidates, signing)
        ended = federate(setting.parties, setting.plan, ROUNDS, (setting.name, "signed"), signs)
        found, named = contributors(prepared.pack, ended.server, candidates, range(signing))
        cost = setting.own - _accuracy(setting.images, ended.server)
        yield _row(setting, f"clients sign at {strength}, server's model", found, cost, named)
        leaked = _leaked(setting, ended.clients[0], signs)
        one, named = contributors(prepared.pack, leaked, candidates, (0,))
        cost = _accuracy(setting.images, ended.clients[0]) - _accuracy(setting.images, leaked)
        yield _row(setting, f"clients sign at {strength}, a model of one client's upload", one, cost, named)


def _upload(prepared: Prepared, candidates: Candidates, signing: int) -> Upload:
    def upload(client: int, values: Tensor) -> Tensor:
        return values if client >= signing else prepared.signed(values, candidates.codewords[client])

    return upload


def _leaked(setting: Setting, client: nn.Module, signs: Upload) -> nn.Module:
    proxy, words = setting.parties.proxy, (setting.name, "leaked")
    targets = signs(0, outputs.logits(client, proxy))
    return train(seeded(student, *words), proxy, targets, HintonKD(), seed=words, settings=Settings(epochs=20)).model


def _row(setting: Setting, who: str, found: list[Judged], cost: float, named: set[str]) -> Row:
    """The row of the weakest of the devices that should be named; carried if all of them are, and nobody else."""
    claim, against = CLAIMS[setting.name]
    weakest, gained = min(found, key=lambda each: each.score), setting.own - setting.baseline
    right = sum(each.carried for each in found)
    mean = float(np.mean([each.score for each in found]))
    return Row(
        system="FedEMA-Distill",
        variant=f"{setting.name}; {who}",
        paper="2603.04422",
        claim=claim,
        own_metric=setting.own,
        baseline_metric=setting.baseline,
        claim_holds=against != setting.name and gained > 0,
        accuracy_cost=100 * cost,
        score=weakest.score,
        max_score=weakest.max_score,
        family_wise_p=weakest.family_wise_p,
        carried=right == len(found) == len(named),
        why=f"{100 * gained:+.2f} points against the baseline; among {DEVICES:,} devices {right} of {len(found)} named,"
        f" {len(named) - right} others; mean score {mean:.1f}",
    )
