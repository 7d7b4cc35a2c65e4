"""What a layer is."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import ModelMalformed

Shape = tuple[int, ...]
Floats = NDArray[np.float32]
Tensors = Mapping[str, Floats]


class Layer(Protocol):
    """One step from an activation (n, *shape) to the next."""

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """The layer that JSON fields describe. Raises ModelMalformed."""
        ...

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """The tensors that it needs after an activation of that shape, by their names in the file."""
        ...

    def after(self, shape: Shape) -> Shape:
        """The shape that it gives. Raises ModelMalformed when it does not fit the one that it is given."""
        ...

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """The next activation."""
        ...


def count(fields: Mapping[str, Any], name: str, default: int | None = None, *, least: int = 1) -> int:
    """A whole number among the fields.

    Raises:
        ModelMalformed: none, or out of range.
    """
    value = fields.get(name, default)
    if type(value) is not int or not least <= value <= 1 << 20:
        raise ModelMalformed(f"{name!r} of layer {dict(fields)} must be a whole number from {least} to {1 << 20}")
    return value


def title(fields: Mapping[str, Any], name: str) -> str:
    """The name of a layer's tensors, for example `body.0`.

    Raises:
        ModelMalformed: no text.
    """
    value = fields.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ModelMalformed(f"{name!r} of layer {dict(fields)} must be the name of its tensors, for example 'body.0'")
    return value


def flag(fields: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """True or false among the fields.

    Raises:
        ModelMalformed: neither.
    """
    value = fields.get(name, default)
    if type(value) is not bool:
        raise ModelMalformed(f"{name!r} of layer {dict(fields)} must be true or false")
    return value
