"""The signature in the weights: signing a minted copy, and describing a network for realignment."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from distill.errors import ShapeError
from fingerprint.kit import SigningKit
from fingerprint.weights import Layer, WeightsPack
from fingerprint.weights.pack import DEFAULT_STRENGTH

_CHAINABLE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPARENT = (nn.ReLU, nn.LeakyReLU, nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.Flatten, nn.Dropout)


def chain(model: nn.Module) -> tuple[Layer, ...]:
    """The layers of a plain chain in the order of the data; empty when the model is none.

    A plain chain is nested `nn.Sequential` of linear and ungrouped convolutional layers, with layers between them that
    treat every unit alike and let a positive factor through (ReLU, pooling, flattening). Anything else, such as
    batch normalisation or a residual connection, gives an empty chain: its files are read without realignment.

    Example:
        >>> [layer.weight for layer in chain(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)))]
        ['0.weight', '2.weight']
    """
    found: list[Layer] = []
    for name, module in model.named_modules():
        if isinstance(module, _CHAINABLE) and getattr(module, "groups", 1) == 1:
            prefix = f"{name}." if name else ""
            found.append(Layer(weight=f"{prefix}weight", bias=f"{prefix}bias" if module.bias is not None else None))
        elif not isinstance(module, (nn.Sequential, nn.Unflatten, *_TRANSPARENT)):
            return ()
    return tuple(found)


def state(model: nn.Module) -> dict[str, NDArray[Any]]:
    """The model's floating-point state by name, float32."""
    tensors = {name: tensor for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
    return {name: tensor.detach().to(torch.float32).cpu().numpy().copy() for name, tensor in tensors.items()}


def prepare_weights(
    base: nn.Module, kit: SigningKit, *, alpha: float = 1e-6, strength: float = DEFAULT_STRENGTH
) -> WeightsPack:
    """The weights pack of a release whose copies are minted from `base`.

    Raises:
        fingerprint.errors.ParameterError: nothing to sign, or constants out of range.
    """
    return WeightsPack(
        release=kit.release,
        release_key=kit.release_key,
        bits=kit.bits,
        base=state(base),
        alpha=alpha,
        strength=strength,
        chain=chain(base),
    )


def sign_weights(minted: nn.Module, pack: WeightsPack, codeword: ArrayLike) -> nn.Module:
    """A minted copy with the device's codeword in all its layers. The model given is left as it is.

    Raises:
        ShapeError: not a copy of the pack's base.
        fingerprint.errors.ParameterError: not a codeword of this release.
    """
    signed = copy.deepcopy(minted)
    add(signed, pack.change(codeword))
    return signed


def add(model: nn.Module, change: Mapping[str, NDArray[np.float32]]) -> None:
    """Add arrays to parameters and buffers of these names, in place.

    Raises:
        ShapeError: no such tensor, or another shape.
    """
    own = model.state_dict(keep_vars=True)
    with torch.no_grad():
        for name, value in change.items():
            if name not in own or own[name].shape != value.shape:
                raise ShapeError(f"the model has no tensor {name!r} of shape {value.shape}; it is no copy of the base")
            own[name].add_(torch.as_tensor(value))
