"""A tiny classification task and its networks: everything trains in a second on one thread."""

from collections import OrderedDict
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy
from distill.release import Prepared, Recipe, prepare_release
from fingerprint import codeword

torch.set_num_threads(1)
CLASSES = 4


def net(width: int) -> nn.Module:
    """A hidden layer called `body`, a last layer called `head`."""
    body = nn.Sequential(nn.Linear(6, width), nn.ReLU())
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(width, CLASSES)))


@dataclass(frozen=True)
class Task:
    """Inputs (n, 6) in four overlapping clouds, labels, a trained teacher, and a release prepared from it."""

    inputs: Tensor
    labels: Tensor
    teacher: nn.Module
    prepared: Prepared

    def codeword(self, device: int):
        """The codeword of a numbered device."""
        key = codeword.codeword_key(bytes([device]) * 32)
        pack = self.prepared.pack
        return codeword.derive(key, release=pack.release_id, nonce=bytes(32), length=pack.bits)


@pytest.fixture(scope="session")
def task() -> Task:
    """One release for the whole session; nothing in it may be changed."""
    draw = torch.Generator().manual_seed(5)
    labels = torch.randint(CLASSES, (1200,), generator=draw)
    centres = 1.4 * torch.randn((CLASSES, 6), generator=draw)
    inputs = centres[labels] + torch.randn((1200, 6), generator=draw)
    fresh = seeded(lambda: net(64), "tests", "teacher")
    settings = Settings(epochs=20, batch_size=64)
    taught = train(fresh, inputs, labels, CrossEntropy(), seed=("tests", "teacher"), settings=settings).model
    prepared = prepare_release(
        taught,
        features="body",
        student=lambda: net(48),
        head="head",
        transfer=torch.cat([inputs, 2 * torch.randn((1200, 6), generator=draw)]),
        probes=torch.randn((900, 6), generator=draw) * 2,
        release_key=bytes(range(32)),
        seed=("tests", "release"),
        recipe=Recipe(components=10, strength=0.15, training=Settings(epochs=40, batch_size=64)),
    )
    return Task(inputs=inputs, labels=labels, teacher=taught, prepared=prepared)
