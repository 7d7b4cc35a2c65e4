"""Extraction from labels alone: a new network learns the copy's most likely classes, nothing softer."""

from collections.abc import Callable

from torch import Tensor, nn

from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy
from fingerprint import seeds


def extract(
    model: nn.Module,
    inputs: Tensor,
    student: Callable[[], nn.Module],
    *,
    seed: tuple[seeds.Word, ...],
    settings: Settings,
) -> nn.Module:
    """A fresh network trained on argmax z(x) of the model over the thief's own inputs."""
    fresh = seeded(student, "extract", *seed)
    said = outputs.logits(model, inputs).argmax(dim=1)
    return train(fresh, inputs, said, CrossEntropy(), seed=("extract", *seed), settings=settings).model
