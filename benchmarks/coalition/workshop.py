"""One release on Fashion-MNIST, its copies minted or distilled for codewords of either kind, and their candidates."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.coalition import networks
from benchmarks.survival.cache import Cache
from benchmarks.survival.data import Data, Sizes, load
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD
from distill.release import Prepared, Recipe, prepare_release
from fingerprint import seeds
from fingerprint.tracing import Bias, arcsine, uniform
from fingerprint.verify import Candidates

SIZES = Sizes(transfer=20_000, thief=10_000, probes=10_000, test=10_000)
RECIPE = Recipe(components=128, strength=0.06, clean_students=3, training=Settings(epochs=25), minted=True)
TEACHING = Settings(epochs=12, learning_rate=1e-3)
DEVICES = 1_000  # with codewords of their own; the verdict accounts for TESTS
TESTS = 1_000_000
RESISTED = 10  # coalition that the biased codewords are made for
RELEASE_KEY = seeds.stream("benchmarks/coalition", "release key").bytes(32)


@dataclass(frozen=True)
class Workshop:
    """Trains each thing once and keeps it in the cache."""

    data: Data
    cache: Cache

    @cached_property
    def teacher(self) -> nn.Module:
        """Trained on true labels."""

        def make() -> nn.Module:
            fresh = seeded(networks.teacher, *_words("teacher"))
            x, y = self.data.transfer, self.data.transfer_labels
            return train(fresh, x, y, CrossEntropy(), seed=_words("teacher"), settings=TEACHING).model

        return self.cache.model(_words("teacher"), networks.teacher, make)

    def _clean(self, number: int) -> nn.Module:
        def make() -> nn.Module:
            fresh = seeded(networks.student, *_words("clean", number))
            targets, words = outputs.logits(self.teacher, self.data.transfer), _words("clean", number)
            objective = HintonKD(RECIPE.temperature)
            return train(fresh, self.data.transfer, targets, objective, seed=words, settings=RECIPE.training).model

        return self.cache.model(_words("clean", number), networks.student, make)

    @cached_property
    def prepared(self) -> Prepared:
        """The release."""
        return prepare_release(
            self.teacher,
            features=networks.FEATURES,
            student=networks.student,
            head=networks.HEAD,
            transfer=self.data.transfer,
            probes=self.data.probes,
            release_key=RELEASE_KEY,
            seed=_words("release"),
            recipe=RECIPE,
            clean=tuple(self._clean(number) for number in range(RECIPE.clean_students)),
        )

    def bias(self, name: str) -> Bias:
        """`uniform`, `tardos`, or `mild`: Tardos with a cut-off of a tenth."""
        bits = self.prepared.pack.bits
        if name == "uniform":
            return uniform(bits)
        return arcsine(RELEASE_KEY, bits, coalition=RESISTED, cutoff=0.1 if name == "mild" else None)

    def candidates(self, bias: str) -> Candidates:
        """All devices; the first ones are the coalition."""
        names = tuple(f"device-{number}" for number in range(DEVICES))
        release, law = self.prepared.pack.release_id, self.bias(bias)
        rows = [
            law.derive(seeds.stream(*_words("device", name)).bytes(32), release=release, nonce=bytes(32))
            for name in names
        ]
        return Candidates(release=release, devices=names, copies=names, codewords=np.stack(rows))

    def copy(self, method: str, codeword: NDArray[np.int8], number: int) -> nn.Module:
        """One device's copy."""
        if method == "minted":
            return self.prepared.mint(codeword).eval()
        words = _words("copy", number, self.prepared.pack.release_id)
        return self.cache.model(words, networks.student, lambda: self.prepared.distil(codeword, seed=words).model)

    @cached_property
    def clean_accuracy(self) -> float:
        """Mean of the clean students'."""
        students = [self._clean(number) for number in range(RECIPE.clean_students)]
        return float(np.mean([self.accuracy(student) for student in students]))

    def accuracy(self, model: nn.Module) -> float:
        """On the test images."""
        return outputs.accuracy(model, self.data.test, self.data.test_labels)


def open_workshop(images: Path, cache: Path) -> Workshop:
    """The workshop, one thread."""
    torch.set_num_threads(1)
    return Workshop(data=load(SIZES, images), cache=Cache(cache))


def _words(*words: seeds.Word) -> tuple[seeds.Word, ...]:
    return ("benchmarks/coalition", *words)
