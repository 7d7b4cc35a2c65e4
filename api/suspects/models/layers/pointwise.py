"""Layers that treat every value alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit, ndtr

from api.suspects.models.layers.base import Floats, Shape, Tensors

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "leaky_relu": lambda x: np.where(x > 0, x, np.float32(0.01) * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: np.asarray(expit(x)),
    "gelu": lambda x: np.asarray(x * ndtr(x)).astype(np.float32),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointwise:
    """One function of `FUNCTIONS`."""

    name: str

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """From the function's name alone."""
        return cls(name=next(name for name in fields if name in FUNCTIONS))

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """None."""
        del shape
        return {}

    def after(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """The function of every value."""
        del tensors
        return FUNCTIONS[self.name](values)
