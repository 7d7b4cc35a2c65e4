"""`static`, stage one: three blocks of C numbers about the answers, and the network that turns them into C - 1 bits.

block 1   mean of the centred log-probabilities after their best scale, less that of the reference   (logits, logprobs)
block 2   log of the mean probability, less the reference's                                          (all but labels)
block 3   log of the share of every label, less the reference's                                      (all)
u = tanh((s - mean) / scale W_0 + b_0) W_1 + b_1, each block of s without its mean
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fingerprint.observation import Kind, Observation
from fingerprint.softmax import softmax

Floats = NDArray[np.float64]
LAYERS = ("mean", "scale", "weight0", "bias0", "weight1", "bias1")
PREFIX, BLOCKS = "decoder.", 3


def soft_bits(tensors: Mapping[str, NDArray[np.float32]], observation: Observation, reference: Floats) -> Floats:
    """u, (C-1,): the suspect's bits before their signs are taken."""
    mean, scale, w0, b0, w1, b1 = (tensors[PREFIX + name].astype(np.float64) for name in LAYERS)
    return np.asarray(np.tanh(((summary(observation, reference) - mean) / scale) @ w0 + b0) @ w1 + b1)


def summary(observation: Observation, reference: Floats) -> Floats:
    """s, (3 C,), of answers against z_ref (n, C)."""
    said, expected = observation.probabilities, softmax(reference)
    blocks = [np.zeros(observation.classes), np.zeros(observation.classes), _shares(said) - _shares(expected)]
    if observation.kind is not Kind.LABELS:
        blocks[1] = np.log(said.sum(axis=0) / len(said)) - np.log(expected.sum(axis=0) / len(expected))
    if observation.kind in (Kind.LOGITS, Kind.LOGPROBS):
        blocks[0] = _offset(observation.log_probabilities, reference)
    return np.concatenate([block - block.sum() / block.size for block in blocks])


def shapes(classes: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """What shape each tensor of the network has."""
    wide = BLOCKS * classes
    sizes = ((wide,), (wide,), (wide, hidden), (hidden,), (hidden, classes - 1), (classes - 1,))
    return {PREFIX + name: size for name, size in zip(LAYERS, sizes, strict=True)}


def _shares(rows: Floats) -> Floats:
    classes = rows.shape[1]
    counts = (rows.argmax(axis=1)[:, None] == np.arange(classes)).sum(axis=0)
    return np.asarray(np.log((counts + 0.5) / (len(rows) + 0.5 * classes)))


def _offset(logp: Floats, reference: Floats) -> Floats:
    """Mean of z / a - z_ref, z centred, a the slope of a fit of z on z_ref without its column means."""
    centred = logp - logp.mean(axis=1, keepdims=True)
    spread = reference - reference.mean(axis=0)
    power = float(np.einsum("ij,ij", spread, spread))
    slope = float(np.einsum("ij,ij", centred, spread)) / power if power > 0 else 1.0
    return np.asarray(centred.mean(axis=0) / (slope if abs(slope) >= 1e-6 else 1.0) - reference.mean(axis=0))
