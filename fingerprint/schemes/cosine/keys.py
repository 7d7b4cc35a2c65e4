"""A device's key (i*, v), drawn from its codeword, and the projection of the inputs."""

import numpy as np
from numpy.typing import ArrayLike

from fingerprint import seeds
from fingerprint.schemes.base import Floats, Signs


def key(codeword: Signs, *, classes: int, width: int) -> tuple[int, Floats]:
    """(i*, v): class and unit vector in R^D that the codeword is the seed of.

    Example:
        >>> i, v = key(np.ones(128, dtype=np.int8), classes=10, width=64)
        >>> 0 <= i < 10, round(float(v @ v), 6)
        (True, 1.0)
    """
    seed = np.packbits(codeword > 0, bitorder="little").tobytes().ljust(16, b"\0")
    raw = np.frombuffer(seeds.xof(seed, "schemes/cosine/key", length=8 + 2 * width), dtype=">u2")
    direction = raw[4:].astype(np.float64) - 32767.5
    return int.from_bytes(raw[:4].tobytes(), "big") % classes, direction / np.linalg.norm(direction)


def scale(inputs: ArrayLike) -> float:
    """s: root mean square spread of the inputs along a random direction, sqrt(trace(covariance) / D).

    Example:
        >>> round(scale([[1.0, 0.0], [-1.0, 0.0]]), 3)
        0.707
    """
    return float(np.sqrt(flat(inputs).var(axis=0).mean()))


def flat(inputs: ArrayLike) -> Floats:
    """Inputs as float64 (n, D)."""
    x = np.asarray(inputs, dtype=np.float64)
    return x.reshape(len(x), -1)
