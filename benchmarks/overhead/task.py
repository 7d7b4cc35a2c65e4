"""Three sizes of teacher and student on inputs of 196 values and ten classes, drawn from words.

On CUDA the same three, four times as wide, in larger batches: there a step of the CPU's sizes is all launching.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.computing import PLAIN, Computing, best
from distill.loop import Settings, seeded
from distill.release import Prepared, Recipe, prepare_release
from fingerprint import codeword

INPUTS, CLASSES, PROBES = 196, 10, 500
SIZES = {"small": 64, "medium": 192, "large": 512}  # width of the student on the CPU; the teacher's is twice that


def network(width: int) -> nn.Module:
    """Two hidden layers in `body`, a last layer `head`."""
    body = nn.Sequential(nn.Linear(INPUTS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(width, CLASSES)))


@dataclass(frozen=True, slots=True)
class Task:
    """One size, by its name, on `cpu` or `cuda`."""

    name: str
    device: str = "cpu"

    @property
    def computing(self) -> Computing:
        """float32 as written on the CPU; bfloat16 and compiled on CUDA."""
        return PLAIN if self.device == "cpu" else best()

    @property
    def width(self) -> int:
        """Of the student."""
        return SIZES[self.name] * (1 if self.device == "cpu" else 4)

    @property
    def rows(self) -> int:
        """Of the transfer set."""
        return 3_000 if self.device == "cpu" else 16_384

    @property
    def batch(self) -> int:
        """Rows of a step."""
        return 128 if self.device == "cpu" else 1_024

    def student(self) -> nn.Module:
        """Untrained."""
        return network(self.width)

    def teacher(self) -> nn.Module:
        """With drawn weights: what a step costs does not depend on them."""
        return seeded(lambda: network(2 * self.width), "benchmarks/overhead", self.name).eval()

    def inputs(self, rows: int | None = None) -> Tensor:
        """Normal values, of the whole transfer set where nothing else is said."""
        count = rows or self.rows
        return torch.randn((count, INPUTS), generator=torch.Generator().manual_seed(count))

    def settings(self, epochs: int) -> Settings:
        """Of every distillation here."""
        return Settings(epochs=epochs, batch_size=self.batch)

    def prepare(self, *, clean: int, epochs: int, given: tuple[nn.Module, ...] | None = None) -> Prepared:
        """A release."""
        recipe = Recipe(clean_students=clean, training=self.settings(epochs))
        return prepare_release(
            self.teacher(), features="body", student=self.student, head="head", transfer=self.inputs(),
            probes=self.inputs(PROBES), release_key=bytes(32), seed=("benchmarks/overhead",), recipe=recipe,
            clean=given, computing=self.computing,
        )  # fmt: skip


def word(prepared: Prepared) -> NDArray[np.int8]:
    """One device's codeword."""
    key = codeword.codeword_key(bytes(32))
    return codeword.derive(key, release=prepared.pack.release_id, nonce=bytes(32), length=prepared.kit.bits)
