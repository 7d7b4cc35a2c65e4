"""Layers with tensors."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from api.suspects.errors import ModelMalformed
from api.suspects.models.layers.base import Floats, Shape, Tensors, count, flag, title
from api.suspects.models.layers.windows import span, windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """x W^T + b over a flat activation; W (out, in), b (out,)."""

    name: str
    out: int
    bias: bool

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """From `{"linear": NAME, "out": N, "bias": true}`."""
        return cls(name=title(fields, "linear"), out=count(fields, "out"), bias=flag(fields, "bias", default=True))

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Weight and bias."""
        return _named(self.name, weight=(self.out, math.prod(shape)), bias=(self.out,) if self.bias else None)

    def after(self, shape: Shape) -> Shape:
        """(out,)."""
        if len(shape) != 1:
            raise ModelMalformed(
                f"linear layer {self.name!r} comes after an activation of shape {shape}; flatten first"
            )
        return (self.out,)

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """The product and the bias."""
        product = values @ tensors[f"{self.name}.weight"].T
        return product + tensors[f"{self.name}.bias"] if self.bias else product


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """Cross-correlation over (channels, height, width), zeros around it; W (out, in / groups, k, k), b (out,)."""

    name: str
    out: int
    kernel: int
    stride: int
    padding: int
    groups: int
    bias: bool

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """From `{"conv": NAME, "out": N, "kernel": K, "stride": 1, "padding": 0, "groups": 1, "bias": true}`."""
        return cls(
            name=title(fields, "conv"),
            out=count(fields, "out"),
            kernel=count(fields, "kernel"),
            stride=count(fields, "stride", 1),
            padding=count(fields, "padding", 0, least=0),
            groups=count(fields, "groups", 1),
            bias=flag(fields, "bias", default=True),
        )

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Weight and bias."""
        weight = (self.out, shape[0] // self.groups, self.kernel, self.kernel)
        return _named(self.name, weight=weight, bias=(self.out,) if self.bias else None)

    def after(self, shape: Shape) -> Shape:
        """(out, height, width)."""
        if len(shape) != 3 or shape[0] % self.groups or self.out % self.groups:
            raise ModelMalformed(f"convolution {self.name!r} of {self.groups} groups does not fit the shape {shape}")
        return (self.out, *(span(size + 2 * self.padding, self.kernel, self.stride) for size in shape[1:]))

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """Windows (n, groups, in, h, w, k, k) times weights (groups, out, in, k, k)."""
        around = ((0, 0), (0, 0), (self.padding, self.padding), (self.padding, self.padding))
        seen = windows(np.pad(values, around), self.kernel, self.stride)
        n, channels, height, width = seen.shape[:4]
        seen = seen.reshape(n, self.groups, channels // self.groups, height, width, self.kernel, self.kernel)
        weight = tensors[f"{self.name}.weight"].reshape(
            self.groups, self.out // self.groups, channels // self.groups, self.kernel, self.kernel
        )
        found: Floats = np.einsum("ngchwij,gocij->ngohw", seen, weight, optimize=True).reshape(
            n, self.out, height, width
        )
        return found + tensors[f"{self.name}.bias"][:, None, None] if self.bias else found


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNorm:
    """(x - mean) / sqrt(variance + eps) * weight + bias for each channel, by the running figures."""

    name: str
    eps: float

    @classmethod
    def declared(cls, fields: Mapping[str, Any]) -> Self:
        """From `{"batch_norm": NAME, "eps": 1e-5}`."""
        eps = fields.get("eps", 1e-5)
        if type(eps) is not float or not 0 < eps < 1:
            raise ModelMalformed(f"'eps' of layer {dict(fields)} must lie between 0 and 1")
        return cls(name=title(fields, "batch_norm"), eps=eps)

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Four figures for each channel."""
        each = (shape[0],)
        return _named(self.name, weight=each, bias=each, running_mean=each, running_var=each)

    def after(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def apply(self, values: Floats, tensors: Tensors) -> Floats:
        """The normalised activation."""
        axes = (slice(None), *([None] * (values.ndim - 2)))
        mean, variance, weight, bias = (
            tensors[f"{self.name}.{part}"][axes] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return np.asarray((values - mean) / np.sqrt(variance + np.float32(self.eps)) * weight + bias)


def _named(name: str, **shapes: Shape | None) -> dict[str, Shape]:
    return {f"{name}.{part}": shape for part, shape in shapes.items() if shape is not None}
