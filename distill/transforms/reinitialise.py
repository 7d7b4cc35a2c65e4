"""A new last layer, or everything above the first layer new, retrained on true labels."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from distill.loop import Settings, seeded, train
from distill.mint import linear
from distill.objectives import CrossEntropy
from distill.transforms.finetune import finetune
from fingerprint import seeds

_STEPS, _BATCH = 600, 64


def few_labels(count: int, *, steps: int = _STEPS, learning_rate: float = 1e-3) -> Settings:
    """Epochs that make about `steps` steps of Adam on `count` labels, and six epochs at least.

    Example:
        >>> few_labels(300).epochs, few_labels(6_666).epochs
        (120, 6)
    """
    batches = -(-count // _BATCH)
    return Settings(epochs=max(6, -(-steps // batches)), batch_size=_BATCH, learning_rate=learning_rate)


def new_head(
    model: nn.Module, inputs: Tensor, labels: Tensor, *, head: str, all_layers: bool, seed: tuple[seeds.Word, ...]
) -> nn.Module:
    """The model with its last layer drawn afresh and trained on labels, alone or with all other layers.

    Raises:
        FeaturesNotFound: no linear layer of that name.
    """
    fresh = copy.deepcopy(model)
    _redraw(linear(fresh, head).reset_parameters, seed)
    only = None if all_layers else head
    return finetune(fresh, inputs, labels, only=only, seed=("new head", *seed), settings=few_labels(len(labels)))


def new_upper_layers(model: nn.Module, inputs: Tensor, labels: Tensor, *, seed: tuple[seeds.Word, ...]) -> nn.Module:
    """The model with everything but its first layer drawn afresh, all of it trained on labels."""
    fresh = copy.deepcopy(model)
    layers = [reset for module in fresh.modules() if callable(reset := getattr(module, "reset_parameters", None))]
    for number, reset in enumerate(layers[1:]):
        _redraw(reset, (*seed, number))
    return finetune(fresh, inputs, labels, seed=("new upper layers", *seed), settings=few_labels(len(labels)))


def from_scratch(
    student: Callable[[], nn.Module], inputs: Tensor, labels: Tensor, *, seed: tuple[seeds.Word, ...]
) -> nn.Module:
    """What the same labels give without any stolen model: the yardstick of every attack that uses labels."""
    fresh = seeded(student, "scratch", *seed)
    settings = few_labels(len(labels), steps=3 * _STEPS, learning_rate=2e-3)
    return train(fresh, inputs, labels, CrossEntropy(), seed=("scratch", *seed), settings=settings).model


def _redraw(reset: Callable[[], object], seed: tuple[seeds.Word, ...]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeds.number("transforms/redraw", *seed))
        reset()
