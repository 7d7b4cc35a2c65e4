"""Everything that is trained, each once: teacher, clean students, copies, attacked copies, models from scratch."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.survival import networks
from benchmarks.survival.cache import Cache
from benchmarks.survival.data import Data, load
from benchmarks.survival.plan import FULL, QUICK, Plan
from distill import outputs
from distill.loop import seeded, train
from distill.objectives import CrossEntropy, HintonKD
from distill.release import Prepared, prepare_release
from distill.transforms import Means, attack, from_scratch
from fingerprint import seeds
from fingerprint.probes import choose_probes, mixtures
from fingerprint.schemes import DEFAULT
from fingerprint.verify import Candidates

Answers = dict[str, NDArray[np.float32]]
CLEAN, INDEPENDENT = "clean", "independent"


@dataclass(frozen=True, eq=False)
class Workshop:
    """Makes things on demand and keeps them in the cache.

    Attributes:
        plan: sizes and trainings.
        data: images.
        cache: folder of results.
    """

    plan: Plan
    data: Data
    cache: Cache

    @functools.cached_property
    def teacher(self) -> nn.Module:
        """The owner's model, trained on true labels."""

        def make() -> nn.Module:
            fresh = seeded(self.plan.teacher, *self._words("teacher"))
            words = self._words("teacher")
            x, y = self.data.transfer, self.data.transfer_labels
            return train(fresh, x, y, CrossEntropy(), seed=words, settings=self.plan.teaching).model

        return self.cache.model(self._words("teacher"), self.plan.teacher, make)

    def clean(self, number: int) -> nn.Module:
        """An unsigned student; the last number after those of the release is the suspect called clean."""
        words = self._words("clean", number)

        def make() -> nn.Module:
            fresh = seeded(self.plan.student, *words)
            objective = HintonKD(self.plan.recipe.temperature)
            x = self.transfer
            targets = outputs.logits(self.teacher, x)
            return train(fresh, x, targets, objective, seed=words, settings=self.plan.recipe.training).model

        return self.cache.model(words, self.plan.student, make)

    @functools.cached_property
    def transfer(self) -> Tensor:
        """What the owner distils on: images, and mixtures of pairs of them."""
        images, key = self.data.transfer, seeds.stream(*self._words("mixtures")).bytes(32)
        made = mixtures(images.numpy(), self.plan.mixtures, key=key, purpose="transfer")
        return torch.cat([images, torch.as_tensor(made)])

    @functools.cached_property
    def probes(self) -> Tensor:
        """The same for every scheme: images and mixtures, chosen by the margins of the mean clean student."""
        students = [self.clean(number) for number in range(1, self.plan.recipe.clean_students)]

        def reference(inputs: NDArray[np.float32]) -> NDArray[np.float64]:
            asked = torch.as_tensor(inputs)
            return np.mean([outputs.centred(outputs.logits(student, asked)) for student in students], axis=0)

        pool, every = self.data.probes.numpy(), self.plan.recipe.mixture_every
        key = self._release_key(DEFAULT)
        return torch.as_tensor(choose_probes(pool, self.plan.probes, key=key, every=every, logits=reference))

    def _release_key(self, scheme: str) -> bytes:
        return seeds.stream(*self._words("release key", scheme)).bytes(32)

    @functools.cached_property
    def clean_accuracy(self) -> float:
        """Mean over the release's clean students."""
        students = [self.clean(number) for number in range(self.plan.recipe.clean_students)]
        return float(np.mean([outputs.accuracy(s, self.data.test, self.data.test_labels) for s in students]))

    @functools.cache  # noqa: B019 - a workshop lives as long as its process
    def prepared(self, scheme: str, strength: float) -> Prepared:
        """The release of one scheme at one strength."""
        return prepare_release(
            self.teacher,
            features=networks.FEATURES,
            student=self.plan.student,
            head=networks.HEAD,
            transfer=self.transfer,
            probes=self.probes,
            release_key=self._release_key(scheme),
            seed=self._words("release", scheme),
            recipe=self.plan.recipe_of(scheme, strength),
            clean=tuple(self.clean(number) for number in range(self.plan.recipe.clean_students)),
        )

    def codeword(self, scheme: str, strength: float, number: int) -> NDArray[np.int8]:
        """Of one device."""
        bits = self.prepared(scheme, strength).pack.bits
        key = seeds.stream(*self._words("device", number)).bytes(32)
        return seeds.signs(key, "benchmarks/survival", scheme, count=bits)

    def copy(self, scheme: str, method: str, strength: float, number: int) -> nn.Module:
        """One device's copy."""
        prepared, codeword = self.prepared(scheme, strength), self.codeword(scheme, strength, number)
        if method == "minted":
            return prepared.mint(codeword).eval()
        words = self._words("copy", scheme, repr(strength), number)
        return self.cache.model(words, self.plan.student, lambda: prepared.distil(codeword, seed=words).model)

    def candidates(self, scheme: str, strength: float, count: int) -> Candidates:
        """The first `count` devices."""
        numbers = range(count)
        names = tuple(f"device-{number}" for number in numbers)
        words = np.stack([self.codeword(scheme, strength, number) for number in numbers])
        release = self.prepared(scheme, strength).pack.release_id
        return Candidates(release=release, devices=names, copies=names, codewords=words)

    def means(self) -> Means:
        """What the thief has."""
        return Means(
            inputs=self.data.thief,
            labelled=self.data.thief,
            labels=self.data.thief_labels,
            same=self.plan.student,
            other=self.plan.other,
            head=networks.HEAD,
            training=self.plan.stealing,
            seed=self._words("thief"),
        )

    def attacked(self, scheme: str, method: str, name: str) -> Answers:
        """Logits of the attacked copy on probes and test images."""
        strength, row = self.plan.recipe.strength, attack(name)
        words = self._words("attacked", scheme, method, repr(strength), name)

        def make() -> Answers:
            copies = tuple(self.copy(scheme, method, strength, number) for number in range(row.copies))
            return self._answers(row.run(copies, self.means()))

        return self.cache.arrays(words, make)

    def stranger(self, name: str) -> Answers:
        """Logits of a model that is nobody's copy: another clean student, or an independent network."""

        def make() -> Answers:
            if name == CLEAN:
                return self._answers(self.clean(self.plan.recipe.clean_students))
            x, y, words = self.data.thief, self.data.thief_labels, self._words(INDEPENDENT)
            fresh = seeded(self.plan.other, *words)
            return self._answers(train(fresh, x, y, CrossEntropy(), seed=words, settings=self.plan.teaching).model)

        return self.cache.arrays(self._words("stranger", name), make)

    def scratch_accuracy(self, labels: int) -> float:
        """What a thief gets from the same labels without the stolen model."""

        def make() -> Answers:
            x, y = self.means().first_labels(labels)
            return self._answers(from_scratch(self.plan.student, x, y, seed=self._words("scratch", labels)))

        return self.accuracy(self.cache.arrays(self._words("scratch", labels), make))

    def accuracy(self, answers: Answers) -> float:
        """Share of test images that these answers get right."""
        return float((answers["test"].argmax(axis=1) == self.data.test_labels.numpy()).mean())

    def _answers(self, model: nn.Module) -> Answers:
        parts = {"probes": self.probes, "test": self.data.test}
        return {name: outputs.logits(model, inputs).numpy().astype(np.float32) for name, inputs in parts.items()}

    def _words(self, *words: seeds.Word) -> tuple[seeds.Word, ...]:
        return ("benchmarks/survival", self.plan.name, *words)


@functools.cache
def workshop(plan: str, images: Path, results: Path) -> Workshop:
    """The workshop of this process."""
    torch.set_num_threads(1)
    chosen = {FULL.name: FULL, QUICK.name: QUICK}[plan]
    return Workshop(plan=chosen, data=load(chosen.sizes, images), cache=Cache(results / plan))
