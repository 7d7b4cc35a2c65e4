"""A small copy, its siblings and a thief."""

from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from distill.loop import Settings, seeded
from distill.transforms import Means
from fingerprint import seeds

CLASSES, WIDTH = 4, 6
LABELLED = 6_666


def small() -> nn.Module:
    """Two layers."""
    body = nn.Sequential(nn.Linear(WIDTH, 8), nn.ReLU())
    return nn.Sequential(OrderedDict([("body", body), ("head", nn.Linear(8, CLASSES))]))


def other() -> nn.Module:
    """Another architecture."""
    body = nn.Sequential(nn.Linear(WIDTH, 5), nn.Tanh())
    return nn.Sequential(OrderedDict([("body", body), ("head", nn.Linear(5, CLASSES))]))


@pytest.fixture(scope="session")
def inputs() -> Tensor:
    """Unlabelled inputs."""
    rng = seeds.stream("tests", "transforms", "inputs")
    return torch.as_tensor(rng.normal(size=(LABELLED, WIDTH)), dtype=torch.float32)


@pytest.fixture(scope="session")
def copies() -> tuple[nn.Module, ...]:
    """Five devices' copies."""
    return tuple(seeded(small, "tests", "transforms", "copy", number).eval() for number in range(5))


@pytest.fixture(scope="session")
def means(inputs: Tensor) -> Means:
    """A thief with labels from a linear rule."""
    return Means(
        inputs=inputs[:500],
        labelled=inputs,
        labels=inputs[:, :CLASSES].argmax(dim=1),
        same=small,
        other=other,
        head="head",
        training=Settings(epochs=2),
        seed=("tests", "thief"),
    )
