"""A small world: a linear model with ten probes' worth of signal, its pack and kit."""

import io
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import save as save_safetensors

from benchmarks.linear_world import linear_release
from fingerprint import seeds
from fingerprint.kit import SigningKit
from fingerprint.pack import VerifierPack

FEATURES, CLASSES, PROBES = 24, 6, 400


@dataclass(frozen=True, kw_only=True)
class World:
    """A linear model z = W x + b whose features are its inputs, and the release made of it."""

    weight: np.ndarray
    bias: np.ndarray
    pack: VerifierPack
    kit: SigningKit

    @property
    def base(self) -> bytes:
        """The clean model as a state dict, with a tensor that minting must not touch."""
        tensors = {"fc.weight": self.weight, "fc.bias": self.bias, "other.weight": np.arange(6, dtype=np.float16)}
        return save_safetensors(tensors, metadata={"made by": "a test"})

    def clean(self, probes: np.ndarray) -> np.ndarray:
        """Logits of the clean model."""
        return probes @ self.weight.T + self.bias

    def copy(self, codeword: np.ndarray, probes: np.ndarray) -> np.ndarray:
        """Logits of the copy that carries the codeword."""
        weight, bias = self.kit.head_delta(codeword)
        return probes @ (self.weight + weight).T + self.bias + bias


def make_world(name: str = "world") -> World:
    """A world drawn from its name."""
    draw = seeds.stream("tests", "api", name)
    weight = draw.normal(size=(CLASSES, FEATURES)).astype(np.float32)
    bias = draw.normal(size=CLASSES).astype(np.float32)
    probes = draw.normal(size=(PROBES, FEATURES)).astype(np.float32)
    logits = probes @ weight.T + bias
    key = bytes(draw.bytes(32))
    pack, kit = linear_release(probes, logits, key)
    return World(weight=weight, bias=bias, pack=pack, kit=kit)


def npz(array: np.ndarray) -> bytes:
    """An npz file with the array `outputs`."""
    buffer = io.BytesIO()
    np.savez(buffer, outputs=array)
    return buffer.getvalue()
