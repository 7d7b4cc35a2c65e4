"""A base of two convolutions and two linear layers, its pack, and ways to hide a copy."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from fingerprint import seeds
from fingerprint.weights import Layer, WeightsPack

Tensors = dict[str, np.ndarray]
BITS = 64
LAYERS = ("first", "second", "third", "head")
SHAPES = {"first": (6, 1, 3, 3), "second": (8, 6, 3, 3), "third": (20, 8 * 4), "head": (5, 20)}


@pytest.fixture(scope="session")
def pack() -> WeightsPack:
    """The registered base."""
    rng = seeds.stream("tests", "weights")
    base: Tensors = {}
    for name, shape in SHAPES.items():
        base[f"{name}.weight"] = (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        base[f"{name}.bias"] = (0.1 * rng.normal(size=shape[0])).astype(np.float32)
    chain = tuple(Layer(weight=f"{name}.weight", bias=f"{name}.bias") for name in LAYERS)
    return WeightsPack(release="r", release_key=b"w" * 32, bits=BITS, base=base, strength=0.03, chain=chain)


@pytest.fixture(scope="session")
def codeword() -> np.ndarray:
    """Of the device under test."""
    return seeds.signs(b"d" * 32, "tests", "weights", count=BITS)


@pytest.fixture(scope="session")
def signed(pack: WeightsPack, codeword: np.ndarray) -> Tensors:
    """Its copy."""
    change = pack.change(codeword)
    return {name: tensor + change.get(name, np.float32(0)) for name, tensor in pack.base.items()}


@pytest.fixture(scope="session")
def disguise() -> Callable[[Tensors, int], Tensors]:
    """Permute and rescale every hidden unit; answers stay the same."""

    def hide(tensors: Tensors, seed: int) -> Tensors:
        rng, hidden = seeds.stream("tests", "disguise", seed), dict(tensors)
        for name, following in pairwise(LAYERS):
            units = SHAPES[name][0]
            order, factor = rng.permutation(units), np.exp(rng.normal(size=units))
            weight, bias, onward = (hidden[key] for key in (f"{name}.weight", f"{name}.bias", f"{following}.weight"))
            hidden[f"{name}.weight"] = weight[order] * factor.reshape(-1, *([1] * (weight.ndim - 1)))
            hidden[f"{name}.bias"] = bias[order] * factor
            runs = onward.reshape(len(onward), units, -1)[:, order] / factor[:, None]
            hidden[f"{following}.weight"] = runs.reshape(onward.shape)
        return hidden

    return hide
