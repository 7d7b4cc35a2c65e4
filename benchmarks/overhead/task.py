"""Three sizes of teacher and student on inputs of 196 values and ten classes, drawn from words."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.loop import Settings, seeded
from distill.release import Prepared, Recipe, prepare_release
from fingerprint import codeword

INPUTS, CLASSES, ROWS, PROBES, BATCH = 196, 10, 3_000, 500, 128
SIZES = {"small": 64, "medium": 192, "large": 512}  # width of the student; the teacher's is twice that


def network(width: int) -> nn.Module:
    """Two hidden layers in `body`, a last layer `head`."""
    body = nn.Sequential(nn.Linear(INPUTS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(width, CLASSES)))


@dataclass(frozen=True, slots=True)
class Task:
    """One size, by its name."""

    name: str

    def student(self) -> nn.Module:
        """Untrained."""
        return network(SIZES[self.name])

    def teacher(self) -> nn.Module:
        """With drawn weights: what a step costs does not depend on them."""
        return seeded(lambda: network(2 * SIZES[self.name]), "benchmarks/overhead", self.name).eval()

    def inputs(self, rows: int) -> Tensor:
        """Normal values."""
        return torch.randn((rows, INPUTS), generator=torch.Generator().manual_seed(rows))

    def prepare(self, *, clean: int, epochs: int, given: tuple[nn.Module, ...] | None = None) -> Prepared:
        """A release."""
        recipe = Recipe(clean_students=clean, training=Settings(epochs=epochs, batch_size=BATCH))
        return prepare_release(
            self.teacher(), features="body", student=self.student, head="head", transfer=self.inputs(ROWS),
            probes=self.inputs(PROBES), release_key=bytes(32), seed=("benchmarks/overhead",), recipe=recipe,
            clean=given,
        )  # fmt: skip


def word(prepared: Prepared) -> NDArray[np.int8]:
    """One device's codeword."""
    key = codeword.codeword_key(bytes(32))
    return codeword.derive(key, release=prepared.pack.release_id, nonce=bytes(32), length=prepared.kit.bits)
