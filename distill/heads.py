"""Last layers that can be minted: linear with or without bias, 1x1 convolution, tied to an embedding.

| layer | what it reads, g | weight as a matrix |
|---|---|---|
| `nn.Linear` | its input, flattened to (n, F') | (C, F') |
| `nn.Conv2d` of 1x1, its outputs averaged over positions | mean of its input over positions, (n, F') | (C, F', 1, 1) |

A layer without bias gets none: the minting map is then fitted without a constant. A weight shared with another module
(a tied head) is untied in the copy, so that the embedding stays as it was.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill import outputs
from distill.errors import FeaturesNotFound
from distill.taps import submodule

Head = nn.Linear | nn.Conv2d
_CHECKED = 64  # rows


def find_head(model: nn.Module, name: str) -> Head:
    """The last layer of that name.

    Raises:
        FeaturesNotFound: no such module, or one that cannot be minted.
    """
    layer = submodule(model, name)
    if isinstance(layer, nn.Linear):
        return layer
    if isinstance(layer, nn.Conv2d) and _pointwise(layer):
        return layer
    raise FeaturesNotFound(f"{name!r} is {layer}; minting edits a linear layer or a plain 1x1 convolution")


def _pointwise(layer: nn.Conv2d) -> bool:
    plain = layer.groups == 1 and layer.padding in (0, (0, 0), "valid")
    return plain and tuple(layer.kernel_size) == (1, 1) and tuple(layer.stride) == (1, 1)


def read_by(model: nn.Module, inputs: Tensor, name: str) -> NDArray[np.float64]:
    """What the last layer reads, float64 (n, F'), averaged over positions for a convolution.

    Raises:
        FeaturesNotFound: no such module, one that cannot be minted, or a convolution whose averaged outputs are not
            the model's logits (another layer comes after it).
    """
    return np.concatenate(list(blocks(model, inputs, name)))


def blocks(model: nn.Module, inputs: Tensor, name: str) -> Iterator[NDArray[np.float64]]:
    """`read_by` some rows at a time: what a wide layer reads is never held whole."""
    layer = find_head(model, name)
    averaged = isinstance(layer, nn.Conv2d)
    if averaged:
        _check_average(model, inputs[:_CHECKED], layer, name)
    for rows in torch.split(inputs, outputs.ROWS):
        read = outputs.before_head(model, rows, name).numpy().astype(np.float64)
        yield _average(read, layer) if averaged else read


def _average(read: NDArray[np.float64], layer: Head) -> NDArray[np.float64]:
    """Over positions of what a convolution reads."""
    return np.asarray(read.reshape(len(read), layer.weight.shape[1], -1).mean(axis=2))


def _check_average(model: nn.Module, inputs: Tensor, layer: Head, name: str) -> None:
    mean = _average(outputs.before_head(model, inputs, name).numpy().astype(np.float64), layer)
    bias = 0.0 if layer.bias is None else layer.bias.detach().numpy()
    expected = mean @ layer.weight.detach().numpy()[:, :, 0, 0].T + bias
    found = outputs.logits(model, inputs).numpy()
    if found.shape != expected.shape or not np.allclose(found, expected, atol=1e-3, rtol=1e-3):
        raise FeaturesNotFound(f"the logits are not the mean over positions of what {name!r} gives; nothing may follow")


def edit(model: nn.Module, name: str, change: NDArray[np.float64]) -> None:
    """Add a change (C, F' + 1) to weight and bias of the last layer, in place; a shared weight is untied first.

    The sum is taken in float64 and rounded once.

    Raises:
        FeaturesNotFound: no such module, one that cannot be minted, or a change of another shape.
    """
    layer = find_head(model, name)
    rows = layer.weight.flatten(1)
    if change.shape != (len(rows), rows.shape[1] + 1):
        raise FeaturesNotFound(f"a change of shape {change.shape} for {name!r} of {tuple(rows.shape)} and a bias")
    untie(model, name)
    with torch.no_grad():
        layer.weight.copy_(_sum(layer.weight, change[:, :-1]))
        if layer.bias is not None:
            layer.bias.copy_(_sum(layer.bias, change[:, -1]))


def _sum(values: Tensor, change: NDArray[np.float64]) -> Tensor:
    return values.detach().to(torch.float64) + torch.as_tensor(change).reshape(values.shape)


def untie(model: nn.Module, name: str) -> None:
    """Give the last layer weights of its own, where it shares them with another module."""
    layer = find_head(model, name)
    users = [own for module in model.modules() for own in module.parameters(recurse=False) if own is layer.weight]
    if len(users) > 1:
        layer.weight = nn.Parameter(layer.weight.detach().clone())
