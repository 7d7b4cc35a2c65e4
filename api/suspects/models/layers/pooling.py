"""Layers that pool over windows of (channels, height, width)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from api.suspects.errors import ModelMalformed
from api.suspects.models.layers.base import Floats, Shape, Tensors, count
from api.suspects.models.layers.windows import span, windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Maximum or mean of every window."""

    mean: bool
    kernel: int
    stride: int

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """From `{"max_pool": K, "stride": K}` or `{"avg_pool": K, "stride": K}`."""
        name = "avg_pool" if "avg_pool" in fields else "max_pool"
        kernel = count(fields, name)
        return cls(mean=name == "avg_pool", kernel=kernel, stride=count(fields, "stride", kernel))

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """None."""
        del shape
        return {}

    def after(self, shape: Shape) -> Shape:
        """(channels, windows down, windows across)."""
        if len(shape) != 3:
            raise ModelMalformed(
                f"pooling comes after an activation of shape {shape}; it needs channels, height, width"
            )
        return (shape[0], *(span(size, self.kernel, self.stride) for size in shape[1:]))

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """One value for each window."""
        del tensors
        seen = windows(values, self.kernel, self.stride)
        return np.asarray(seen.mean(axis=(4, 5), dtype=np.float32) if self.mean else seen.max(axis=(4, 5)))


@dataclass(frozen=True, slots=True)
class GlobalAverage:
    """Mean over all positions: (channels, ...) to (channels,)."""

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """From `"global_avg_pool"`."""
        del fields
        return cls()

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """None."""
        del shape
        return {}

    def after(self, shape: Shape) -> Shape:
        """(channels,)."""
        return shape[:1]

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """The means."""
        del tensors
        return np.asarray(values.reshape(*values.shape[:2], -1).mean(axis=2, dtype=np.float32))
