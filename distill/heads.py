"""Last layers that can be minted: linear with or without bias, 1x1 convolution, tied to an embedding.

| layer | what it reads, g | weight as a matrix |
|---|---|---|
| `nn.Linear` | its input, flattened to (n, F') | (C, F') |
| `nn.Conv2d` of 1x1, its outputs averaged over positions | mean of its input over positions, (n, F') | (C, F', 1, 1) |

A layer without bias gets none: the minting map is then fitted without a constant. A weight shared with another module
(a tied head) is untied in the copy, so that the embedding stays as it was.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill import outputs
from distill.errors import FeaturesNotFound
from distill.taps import submodule

Head = nn.Linear | nn.Conv2d


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
    layer = find_head(model, name)
    flat = outputs.before_head(model, inputs, name).numpy().astype(np.float64)
    if isinstance(layer, nn.Linear):
        return flat
    mean = flat.reshape(len(flat), layer.in_channels, -1).mean(axis=2)
    bias = 0.0 if layer.bias is None else layer.bias.detach().numpy()
    expected = mean @ layer.weight.detach().numpy()[:, :, 0, 0].T + bias
    found = outputs.logits(model, inputs[:64]).numpy()
    if found.shape != expected[:64].shape or not np.allclose(found, expected[:64], atol=1e-3, rtol=1e-3):
        raise FeaturesNotFound(f"the logits are not the mean over positions of what {name!r} gives; nothing may follow")
    return np.asarray(mean)


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
