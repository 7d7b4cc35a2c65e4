"""A model's answers as arrays: what a suspect's owner would send back."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.computing import PLAIN, Computing
from distill.errors import ShapeError
from distill.taps import Features, head_inputs, tapped

ROWS = 512  # asked at a time: beside all answers, what a model's layers hold of so few is little


@torch.no_grad()
def logits(model: nn.Module, inputs: Tensor) -> Tensor:
    """Logits (n, C) in evaluation mode, some rows at a time; the model's mode is put back."""
    with _evaluation_mode(model):
        return _asked(lambda rows: (model(rows),), inputs)[0]


@torch.no_grad()
def with_features(
    model: nn.Module, inputs: Tensor, features: Features, computing: Computing = PLAIN
) -> tuple[Tensor, Tensor]:
    """Logits (n, C) and penultimate features (n, F) in evaluation mode, on the CPU; float32 if narrower there."""
    with reader(model, features, computing) as read:
        z, f = _asked(lambda rows: tuple(map(_wide, read(rows))), inputs)
    return z, f


def _asked(ask: Callable[[Tensor], tuple[Tensor, ...]], inputs: Tensor) -> tuple[Tensor, ...]:
    """Answers to all inputs, each kind in a tensor made once: no second copy of the features is ever held."""
    whole: tuple[Tensor, ...] = ()
    for begin in range(0, max(len(inputs), 1), ROWS):
        rows = inputs[begin : begin + ROWS]
        answers = ask(rows)
        if any(len(each) != len(rows) for each in answers):
            found = ", ".join(str(tuple(each.shape)) for each in answers)
            raise ShapeError(f"answers of shapes {found} to {len(rows)} inputs; a model must give a row for each")
        whole = whole or tuple(each.new_empty((len(inputs), *each.shape[1:])) for each in answers)
        for into, each in zip(whole, answers, strict=True):
            into[begin : begin + len(rows)] = each
    return whole


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
        return _asked(lambda rows: (head_inputs(model, rows, head),), inputs)[0]


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
