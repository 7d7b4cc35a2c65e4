"""Layers that only change the shape."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from api.suspects.errors import ModelMalformed
from api.suspects.models.layers.base import Floats, Shape, Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape:
    """To a declared shape, or to one axis when there is none; row-major."""

    shape: Shape | None

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """From `"flatten"` or `{"reshape": [1, 8, 8]}`."""
        return cls(shape=None if "flatten" in fields else sizes(fields["reshape"]))

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """None."""
        del shape
        return {}

    def after(self, shape: Shape) -> Shape:
        """The declared shape."""
        if self.shape is None:
            return (math.prod(shape),)
        if math.prod(self.shape) != math.prod(shape):
            raise ModelMalformed(f"an activation of shape {shape} cannot be reshaped to {self.shape}")
        return self.shape

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """The same values."""
        del tensors
        return values.reshape(len(values), *(self.shape or (-1,)))


def sizes(value: Any) -> Shape:
    """A shape: one to four whole numbers.

    Raises:
        ModelMalformed: something else.
    """
    whole = isinstance(value, list) and 1 <= len(value) <= 4 and all(type(size) is int and size > 0 for size in value)
    if not whole or math.prod(value) > 1 << 26:
        raise ModelMalformed(f"a shape is one to four sizes of at most {1 << 26} values together, not {value!r:.80}")
    return tuple(value)
