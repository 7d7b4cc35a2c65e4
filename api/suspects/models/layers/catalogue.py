"""The table from a layer's word in JSON to its class."""

from collections.abc import Mapping
from typing import Any

from api.suspects.errors import ModelMalformed
from api.suspects.models.layers.base import Layer
from api.suspects.models.layers.pointwise import FUNCTIONS, Pointwise
from api.suspects.models.layers.pooling import GlobalAverage, Pool
from api.suspects.models.layers.shaping import Reshape
from api.suspects.models.layers.weighted import BatchNorm, Conv, Linear

LAYERS: Mapping[str, tuple[type[Layer], frozenset[str]]] = {
    "linear": (Linear, frozenset({"out", "bias"})),
    "conv": (Conv, frozenset({"out", "kernel", "stride", "padding", "groups", "bias"})),
    "batch_norm": (BatchNorm, frozenset({"eps"})),
    "max_pool": (Pool, frozenset({"stride"})),
    "avg_pool": (Pool, frozenset({"stride"})),
    "global_avg_pool": (GlobalAverage, frozenset()),
    "flatten": (Reshape, frozenset()),
    "reshape": (Reshape, frozenset()),
    **{name: (Pointwise, frozenset[str]()) for name in FUNCTIONS},
}


def layer(described: Any) -> Layer:
    """The layer that JSON describes: a word, or an object with one word of the table and the fields of that layer.

    Example:
        >>> layer({"linear": "head", "out": 10})
        Linear(name='head', out=10, bias=True)

    Raises:
        ModelMalformed: no such layer, or fields that are missing, unknown or out of range.
    """
    fields = {described: None} if isinstance(described, str) else described
    words = [name for name in fields if name in LAYERS] if isinstance(fields, dict) else []
    if len(words) != 1:
        raise ModelMalformed(f"layer {described!r:.80} is none of {', '.join(LAYERS)}")
    kind, allowed = LAYERS[words[0]]
    unknown = set(fields) - allowed - set(words)
    if unknown:
        raise ModelMalformed(f"layer {words[0]!r} has no field {', '.join(map(repr, sorted(unknown)))}")
    return kind.declared(fields)
