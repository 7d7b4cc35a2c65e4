"""A model's answers as arrays: what a suspect's owner would send back."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.computing import PLAIN, Computing
from distill.taps import Features, head_inputs, tapped

_BATCH = 4096


@torch.no_grad()
def logits(model: nn.Module, inputs: Tensor) -> Tensor:
    """Logits (n, C) in evaluation mode, batch by batch; the model's mode is put back."""
    with _evaluation_mode(model):
        return _joined([model(part) for part in torch.split(inputs, _BATCH)])


@torch.no_grad()
def with_features(
    model: nn.Module, inputs: Tensor, features: Features, computing: Computing = PLAIN
) -> tuple[Tensor, Tensor]:
    """Logits (n, C) and penultimate features (n, F) in evaluation mode, on the CPU; float32 if narrower there."""
    with reader(model, features, computing) as read:
        parts = [tuple(map(_wide, read(part))) for part in torch.split(inputs, _BATCH)]
    return _joined([z for z, _ in parts]), _joined([f for _, f in parts])


def _joined(parts: list[Tensor]) -> Tensor:
    """One tensor; a single part is not copied, for features are large."""
    return torch.cat(parts) if len(parts) > 1 else parts[0]


def _wide(values: Tensor) -> Tensor:
    return values.cpu().to(torch.promote_types(values.dtype, torch.float32))


@contextmanager
def reader(
    model: nn.Module, features: Features, computing: Computing = PLAIN
) -> Iterator[Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """A function inputs -> logits (n, C), features (n, F), in evaluation mode, wherever the numbers are computed.

    The model given is left as it is; off the CPU, or to be compiled, a copy of it is used.

    Raises:
        FeaturesNotFound: no such module; when called, that the forward pass never reached it.
    """
    placed = model if computing == PLAIN else computing.place(copy.deepcopy(model))
    with _evaluation_mode(placed), tapped(placed, features) as read:

        def ask(inputs: Tensor) -> tuple[Tensor, Tensor]:
            with torch.no_grad(), computing.autocast():
                return read(inputs.to(computing.processor))

        yield ask


@torch.no_grad()
def before_head(model: nn.Module, inputs: Tensor, head: str) -> Tensor:
    """What the last layer reads, (n, F'), in evaluation mode."""
    with _evaluation_mode(model):
        return _joined([head_inputs(model, part, head) for part in torch.split(inputs, _BATCH)])


def accuracy(model: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """Share of inputs whose largest logit is at the label."""
    return float((logits(model, inputs).argmax(dim=1) == labels).double().mean())


def centred(values: Tensor) -> NDArray[np.float64]:
    """Logits without their common mode, float64 (n, C)."""
    z = values.numpy().astype(np.float64)
    return np.asarray(z - z.mean(axis=1, keepdims=True))


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    # each part's own mode: `model.train(found)` would put a frozen teacher inside a fresh wrapper into training mode
    found = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in found:
            part.training = training
