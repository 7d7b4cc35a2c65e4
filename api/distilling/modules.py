"""An architecture as a PyTorch module, for training; its tensors have the names that the architecture gives them.

Modules are called as their layers; a layer without a name is called by its word and its number among all layers,
counted from 0: the second layer of `[{"linear": "body.0", "out": 8}, "relu"]` is `relu_1`.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from api.suspects.errors import ModelMalformed
from api.suspects.models import layered
from api.suspects.models.architecture import Architecture
from api.suspects.models.layers.base import Layer, Shape
from api.suspects.models.layers.pointwise import Pointwise
from api.suspects.models.layers.pooling import GlobalAverage, Pool
from api.suspects.models.layers.shaping import Reshape
from api.suspects.models.layers.weighted import BatchNorm, Conv, Linear

_FUNCTIONS: Mapping[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU,
}  # fmt: skip


class Chain(nn.Module):
    """The layers of an architecture, one after the other, with weights drawn from PyTorch's generator.

    Args:
        architecture: as the operator registers it.

    Raises:
        ModelMalformed: names that cannot stand beside each other in one module.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        names, shape = [], architecture.shape
        for number, layer in enumerate(architecture.layers):
            name, module = _module(layer, shape, number)
            _put(self, name, module)
            names.append(name)
            shape = layer.after(shape)
        self._names = tuple(names)

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores, (n, C)."""
        values = inputs
        for name in self._names:
            values = self.get_submodule(name)(values)
        return values


class GlobalMean(nn.Module):
    """Mean over all positions: (n, channels, ...) to (n, channels)."""

    def forward(self, values: Tensor) -> Tensor:
        """The means."""
        return values.reshape(*values.shape[:2], -1).mean(dim=2)


def loaded(architecture: Architecture, weights: bytes) -> Chain:
    """The model whose weights a safetensors file holds, in evaluation mode.

    Raises:
        ModelMalformed, ModelUnfit: a damaged file, or one of another architecture.
    """
    made = Chain(architecture)
    tensors = layered.read(weights, architecture)
    made.load_state_dict({name: torch.tensor(value) for name, value in tensors.items()}, strict=False)
    return made.eval()


def _module(layer: Layer, shape: Shape, number: int) -> tuple[str, nn.Module]:
    """Name and module of one layer that comes after an activation of that shape."""
    match layer:
        case Linear(name=name, out=out, bias=bias):
            return name, nn.Linear(shape[0], out, bias)
        case Conv(name=name):
            sizes = (shape[0], layer.out, layer.kernel, layer.stride, layer.padding)
            return name, nn.Conv2d(*sizes, groups=layer.groups, bias=layer.bias)
        case BatchNorm(name=name, eps=eps):
            return name, (nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d)(shape[0], eps)
        case _:
            word, module = _plain(layer)
            return f"{word}_{number}", module


def _plain(layer: Layer) -> tuple[str, nn.Module]:
    """Word and module of a layer without tensors."""
    match layer:
        case Pool(mean=mean, kernel=kernel, stride=stride):
            return ("avg_pool", nn.AvgPool2d(kernel, stride)) if mean else ("max_pool", nn.MaxPool2d(kernel, stride))
        case GlobalAverage():
            return "global_avg_pool", GlobalMean()
        case Reshape(shape=None):
            return "flatten", nn.Flatten()
        case Reshape(shape=shape) if shape is not None:
            return "reshape", nn.Sequential(nn.Flatten(), nn.Unflatten(1, shape))
        case Pointwise(name=name):
            return name, _FUNCTIONS[name]()
        case _:
            raise ModelMalformed(f"layer {layer} can be run, but not trained")


def _put(root: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module under a dotted name; what is missing on the way is made."""
    *way, last = name.split(".")
    at = root
    try:
        for part in way:
            if part not in dict(at.named_children()):
                at.add_module(part, nn.Module())
            at = at.get_submodule(part)
        taken = last in dict(at.named_children())
        at.add_module(last, module)
    except (KeyError, AttributeError) as error:
        raise ModelMalformed(f"no layer can be called {name!r} ({error.args[0]}); choose another name") from error
    if taken:
        raise ModelMalformed(f"no layer can be called {name!r}: it is the beginning of another's; choose another name")
