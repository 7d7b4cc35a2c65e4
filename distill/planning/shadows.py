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
from distill.release import Prepared, prepare_release
from distill.survival import answers
from distill.transforms import attack
from fingerprint import seeds
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.verify import Candidates, gather, judge
from fingerprint.whitening import rank

Floats = NDArray[np.float64]


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

    @functools.cached_property
    def _first(self) -> Prepared:
        return self._prepare(1, None)

    @functools.cache  # noqa: B019 - shadows live as long as their planning
    def prepared(self, components: int, strength: float) -> Prepared:
        """A throw-away release; the clean students are the same for all of them."""
        made = self._release(components)
        recipe = replace(made.recipe, strength=strength)
        return replace(made, kit=replace(made.kit, strength=strength), recipe=recipe)

    def bits(self, components: int) -> int:
        """L at this k."""
        return self._release(components).pack.bits

    @functools.cache  # noqa: B019
    def _release(self, components: int) -> Prepared:
        return self._prepare(components, self._first.clean)

    def _prepare(self, components: int, clean: tuple[nn.Module, ...] | None) -> Prepared:
        given = self.materials
        return prepare_release(
            given.teacher,
            features=given.features,
            student=given.student,
            head=given.head,
            transfer=given.transfer,
            probes=given.probes,
            release_key=seeds.stream(*self.seed, "planner/release key", components).bytes(32),
            seed=(*self.seed, "planner/clean"),
            recipe=replace(given.recipe, components=components),
            clean=clean,
            progress=self.progress,
        )

    def codewords(self, components: int, purpose: tuple[seeds.Word, ...], count: int) -> NDArray[np.int8]:
        """Throw-away codewords, int8 (count, L)."""
        key = seeds.stream(*self.seed, "planner/codewords").bytes(32)
        bits = self.bits(components)
        return np.stack([seeds.signs(key, *purpose, components, i, count=bits) for i in range(count)])

    @functools.cache  # noqa: B019
    def copies(self, method: Method, components: int, strength: float, purpose: str, count: int) -> "Copies":
        """`count` shadow copies and their codewords."""
        prepared = self.prepared(components, strength)
        words = self.codewords(components, (method, repr(strength), purpose), count)
        models = [
            self._copy(prepared, method, word, (purpose, components, repr(strength), i)) for i, word in enumerate(words)
        ]
        return Copies(prepared=prepared, models=tuple(models), codewords=words)

    def _copy(
        self, prepared: Prepared, method: Method, word: NDArray[np.int8], name: tuple[seeds.Word, ...]
    ) -> nn.Module:
        if method is Method.MINTED:
            return prepared.mint(word).eval()
        shown = "shadow copy" if self.progress else None
        return prepared.distil(word, seed=(*self.seed, "planner/shadow", *name), progress=shown).model

    def scores(self, copies: "Copies", goal: Goal, counts: tuple[int, ...]) -> Floats:
        """Scores after the attack, one suspect for each full set of copies: (suspects, len(counts)).

        A coalition's score is its best member's.
        """
        row = attack(goal.attack)
        groups = [slice(i, i + row.copies) for i in range(0, len(copies.models), row.copies)]
        return np.array([self._attacked(copies, group, goal, counts) for group in groups])

    def _attacked(self, copies: "Copies", group: slice, goal: Goal, counts: tuple[int, ...]) -> list[float]:
        thief = self.materials.thief
        means = replace(thief, seed=(*thief.seed, "shadow", group.start))
        suspect = attack(goal.attack).run(copies.models[group], means)
        logits = outputs.logits(suspect, self.materials.probes).numpy().astype(np.float64)
        pack, words = copies.prepared.pack, copies.codewords[group]
        return [_score(_thinned(pack, count), logits[thin(pack.count, count)], words, goal) for count in counts]

    def right(self, models: tuple[nn.Module, ...]) -> Floats:
        """Which held-out inputs each model gets right, 0 or 1, (models, m)."""
        x, y = self.materials.held_out, self.materials.held_out_labels
        return torch.stack([outputs.logits(model, x).argmax(dim=1) == y for model in models]).double().numpy()

    def unsigned(self, method: Method) -> tuple[nn.Module, ...]:
        """What copies are compared with: the minting base, or every clean student."""
        clean = self._first.clean
        return clean[:1] if method is Method.MINTED else clean


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
