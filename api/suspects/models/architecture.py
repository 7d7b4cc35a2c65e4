"""An architecture as data: the shape of one input and a list of layers. The operator registers it by name, as JSON.

    {"input": [1, 8, 8],
     "layers": [{"conv": "body.0", "out": 12, "kernel": 3, "padding": 1}, "relu", {"max_pool": 2}, "flatten",
                {"linear": "body.4", "out": 64}, "relu", {"linear": "head", "out": 10}]}

Nothing in it can run anything: it is parsed, its shapes are computed once, and a file's tensors are checked against it
by name, shape and type before a value of theirs is read.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.suspects.errors import ModelMalformed, ModelTooLarge
from api.suspects.models.layers.base import Layer, Shape
from api.suspects.models.layers.catalogue import layer
from api.suspects.models.layers.shaping import sizes

_MOST_LAYERS, _MOST_BYTES, _MOST_VALUES = 1000, 1 << 20, 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A chain of layers.

    Attributes:
        shape: of one input.
        layers: in the order of the data.
        tensors: name and shape of every tensor that a file of this architecture holds.
        outputs: shape of one answer.

    Raises:
        ModelMalformed: layers that do not fit each other, or one tensor named by two.
        ModelTooLarge: activations or tensors beyond what is run.
    """

    shape: Shape
    layers: tuple[Layer, ...] = field(repr=False)
    tensors: Mapping[str, Shape] = field(init=False, repr=False)
    outputs: Shape = field(init=False)

    def __post_init__(self) -> None:
        shape, tensors = self.shape, dict[str, Shape]()
        for step in self.layers:
            following = step.after(shape)
            needed = step.tensors(shape)
            if set(needed) & set(tensors):
                raise ModelMalformed(
                    f"two layers of the architecture use the tensors {sorted(set(needed) & set(tensors))}"
                )
            tensors |= needed
            if max(math.prod(following), *map(math.prod, needed.values()), 0) > _MOST_VALUES:
                raise ModelTooLarge(f"a layer of the architecture has more than {_MOST_VALUES} values")
            shape = following
        object.__setattr__(self, "tensors", tensors)
        object.__setattr__(self, "outputs", shape)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Architecture":
        """The architecture whose JSON is `data`.

        Example:
            >>> found = Architecture.from_bytes(b'{"input": [3], "layers": [{"linear": "fc", "out": 2}]}')
            >>> dict(found.tensors), found.outputs
            ({'fc.weight': (2, 3), 'fc.bias': (2,)}, (2,))

        Raises:
            ModelMalformed, ModelTooLarge: not one.
        """
        if len(data) > _MOST_BYTES:
            raise ModelTooLarge(f"an architecture of {len(data)} bytes; at most {_MOST_BYTES} are read")
        try:
            fields: Any = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ModelMalformed(f"the architecture is not JSON ({error})") from error
        match fields:
            case {"input": shape, "layers": [*layers], **rest} if not rest and 0 < len(layers) <= _MOST_LAYERS:
                return cls(shape=sizes(shape), layers=tuple(layer(step) for step in layers))
            case _:
                raise ModelMalformed(
                    f"an architecture has `input`, a shape, and `layers`, a list of 1 to {_MOST_LAYERS}; nothing else"
                )
