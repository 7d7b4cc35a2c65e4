"""The decoder's forward pass in numpy: weights from the pack, no torch.

a = tanh(((s - mean) / scale) W_0 + b_0),   u = a W_1 + b_1,   decoded bits are the signs of u
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

Floats = NDArray[np.float64]
Tensors = Mapping[str, NDArray[Any]]
NAMES = ("mean", "scale", "weight0", "bias0", "weight1", "bias1")


def forward(tensors: Tensors, summary: Floats) -> Floats:
    """u, float64 (..., m), for summaries (..., 3 C).

    Args:
        tensors: `decoder.mean` and `decoder.scale` (3 C,), `decoder.weight0` (3 C, H), `decoder.bias0` (H,),
            `decoder.weight1` (H, m), `decoder.bias1` (m,).
        summary: `fingerprint.schemes.static.summary`.
    """
    mean, scale, w0, b0, w1, b1 = (tensors[f"decoder.{name}"].astype(np.float64) for name in NAMES)
    hidden = np.tanh((summary - mean) / scale @ w0 + b0)
    return np.asarray(hidden @ w1 + b1)


def check(tensors: Tensors, *, inputs: int, bits: int) -> None:
    """Raise ParameterError unless the tensors are a decoder from `inputs` numbers to `bits` signs."""
    if set(tensors) != {f"decoder.{name}" for name in NAMES}:
        raise ParameterError(f"the decoder's tensors are {sorted(tensors)}; need {', '.join(NAMES)}")
    hidden = tensors["decoder.bias0"].size
    wanted = {"mean": (inputs,), "scale": (inputs,), "weight0": (inputs, hidden), "bias0": (hidden,)}
    wanted |= {"weight1": (hidden, bits), "bias1": (bits,)}
    for name, shape in wanted.items():
        if tensors[f"decoder.{name}"].shape != shape:
            raise ParameterError(f"decoder.{name} has shape {tensors[f'decoder.{name}'].shape}; need {shape}")
    if not (tensors["decoder.scale"] > 0).all():
        raise ParameterError("decoder.scale must be positive")
