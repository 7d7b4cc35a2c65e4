"""Shadow copies: what a planned release would issue, made with a release key and codewords that are thrown away.

No enrolled codeword and no real release key can be passed in: both are drawn here from the seed.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from distill import outputs
from distill.planning.goal import Goal, Method
from distill.planning.materials import Materials, thin
from distill.planning.result import Cost, cost
from distill.release import Prepared, prepare_release
from distill.survival import answers
from distill.transforms import attack
from fingerprint import seeds
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.verify import Candidates, gather, judge
from fingerprint.whitening import rank

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where shadows are made.

    Attributes:
        method: how.
        components: k.
        strength: eps.
        purpose: a word; other purposes have other codewords and trainings.
    """

    method: Method
    components: int
    strength: float
    purpose: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Copies:
    """Shadow copies of one throw-away release.

    Attributes:
        prepared: the release.
        models: the copies.
        codewords: theirs, int8 (count, L).
    """

    prepared: Prepared
    models: tuple[nn.Module, ...]
    codewords: NDArray[np.int8]


@dataclass(frozen=True, eq=False, kw_only=True)
class Shadows:
    """Makes shadows on demand and keeps them for as long as it lives, so that several goals share them.

    Attributes:
        materials: of the release.
        seed: words that name every training and every throw-away key.
        progress: whether trainings show progress bars.
    """

    materials: Materials
    seed: tuple[seeds.Word, ...]
    progress: bool = False

    @functools.cached_property
    def rank(self) -> int:
        """The largest k that the teacher's features allow."""
        given = self.materials
        return rank(outputs.with_features(given.teacher, given.transfer, given.features)[1].numpy())

    @functools.cache  # noqa: B019 - shadows live as long as their planning
    def clean(self, turn: int) -> tuple[nn.Module, ...]:
        """The unsigned students of one throw-away release."""
        return self._prepare(1, turn, None).clean

    @functools.cache  # noqa: B019 - as above
    def release(self, components: int, turn: int) -> Prepared:
        """A throw-away release at the materials' strength, with a key and clean students of its own.

        Base, reference and carriers all come from the clean students, and how well a copy can be read depends on them:
        shadows of one release alone scatter less than copies of the release to come will differ from them.
        """
        return self._prepare(components, turn, self.clean(turn))

    def _prepare(self, components: int, turn: int, clean: tuple[nn.Module, ...] | None) -> Prepared:
        given = self.materials
        return prepare_release(
            given.teacher,
            features=given.features,
            student=given.student,
            head=given.head,
            transfer=given.transfer,
            probes=given.probes,
            release_key=seeds.stream(*self.seed, "planner/release key", components, turn).bytes(32),
            seed=(*self.seed, "planner/clean", turn),
            recipe=replace(given.recipe, components=components),
            clean=clean,
            progress=self.progress,
        )

    def bits(self, components: int) -> int:
        """L at this k."""
        return self.release(components, 0).pack.bits

    @functools.cache  # noqa: B019 - as above
    def copies(self, spot: Spot, number: int, members: int) -> Copies:
        """The copies that one suspect is made of, with their throw-away codewords."""
        bare = self.release(spot.components, number)
        prepared = replace(bare, kit=replace(bare.kit, strength=spot.strength))
        name = (spot.purpose, spot.components, repr(spot.strength), number)
        key = seeds.stream(*self.seed, "planner/codewords").bytes(32)
        words = [seeds.signs(key, *name, member, count=prepared.pack.bits) for member in range(members)]
        models = tuple(self._copy(prepared, spot.method, word, (*name, i)) for i, word in enumerate(words))
        return Copies(prepared=prepared, models=models, codewords=np.stack(words))

    def _copy(
        self, prepared: Prepared, method: Method, word: NDArray[np.int8], name: tuple[seeds.Word, ...]
    ) -> nn.Module:
        if method is Method.MINTED:
            return prepared.mint(word).eval()
        shown = "shadow copy" if self.progress else None
        return prepared.distil(word, seed=(*self.seed, "planner/shadow", *name), progress=shown).model

    def measured(self, spot: Spot, goal: Goal, counts: tuple[int, ...], suspects: int) -> tuple[Floats, Cost]:
        """Scores after the attack, (suspects, len(counts)), and what the copies cost before it.

        A coalition's score is its best member's.
        """
        members = attack(goal.attack).copies
        made = [self.copies(spot, number, members) for number in range(suspects)]
        scores = np.array([self._attacked(copies, goal, counts, number) for number, copies in enumerate(made)])
        return scores, self._cost(spot.method, made)

    def _attacked(self, copies: Copies, goal: Goal, counts: tuple[int, ...], number: int) -> list[float]:
        thief = self.materials.thief
        means = replace(thief, seed=(*thief.seed, "shadow", number))
        suspect = attack(goal.attack).run(copies.models, means)
        logits = outputs.logits(suspect, self.materials.probes).numpy().astype(np.float64)
        pack, words = copies.prepared.pack, copies.codewords
        return [_score(_thinned(pack, count), logits[thin(pack.count, count)], words, goal) for count in counts]

    def _cost(self, method: Method, made: list[Copies]) -> Cost:
        signed = self.right(tuple(model for copies in made for model in copies.models))
        if method is Method.DISTILLED:
            unsigned = tuple(model for turn in range(len(made)) for model in self.clean(turn))
            return cost(self.right(unsigned), signed)
        bases = self.right(tuple(copies.prepared.base for copies in made for _ in copies.models))
        return cost(bases, signed, paired=True)

    def right(self, models: tuple[nn.Module, ...]) -> Floats:
        """Which held-out inputs each model gets right, 0 or 1, (models, m)."""
        x, y = self.materials.held_out, self.materials.held_out_labels
        return torch.stack([outputs.logits(model, x).argmax(dim=1) == y for model in models]).double().numpy()


def _thinned(pack: VerifierPack, count: int) -> VerifierPack:
    kept = thin(pack.count, count)
    references = {name: values[kept] for name, values in pack.references.items()}
    return replace(pack, probes=pack.probes[kept], features=pack.features[kept], references=references)


def _score(pack: VerifierPack, logits: Floats, words: NDArray[np.int8], goal: Goal) -> float:
    kind, values = answers(logits, goal.observation)
    evidence = gather(pack, observe(kind, values, probes=pack.count, classes=pack.classes))
    names = tuple(map(str, range(len(words))))
    candidates = Candidates(release=pack.release_id, devices=names, copies=names, codewords=words)
    return judge(evidence, candidates, tests=max(goal.devices, len(words))).ranked[0].score
