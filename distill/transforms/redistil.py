"""Second-hand distillation: a thief trains a network of another architecture on a copy's answers."""

from collections.abc import Callable

from torch import Tensor, nn

from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import HintonKD
from fingerprint import seeds

DEFAULT = Settings(epochs=30, batch_size=128, learning_rate=2e-3)


def redistil(
    model: nn.Module,
    inputs: Tensor,
    student: Callable[[], nn.Module],
    *,
    seed: tuple[seeds.Word, ...],
    settings: Settings = DEFAULT,
) -> nn.Module:
    """A fresh student that learned from the model's soft answers on the thief's own inputs."""
    fresh = seeded(student, "redistil", *seed)
    targets = outputs.logits(model, inputs)
    return train(fresh, inputs, targets, HintonKD(), seed=("redistil", *seed), settings=settings).model
