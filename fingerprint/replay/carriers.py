"""The carriers of a release: class basis B (cosines without the constant one) and keyed rotation R.

R v = D P_3 S_3 ... D P_1 S_1 v        S: keyed signs, P: keyed order, D: cosine transform; R^T undoes it backwards
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.replay import cosine_transform

Floats = NDArray[np.float64]
_ROUNDS = 3


def to_class_basis(rows: Floats) -> Floats:
    """B^T z for every row, (n, C) -> (n, C-1)."""
    return np.asarray(rows @ _basis(rows.shape[1]))


def from_class_basis(rows: Floats) -> Floats:
    """B u for every row, (n, C-1) -> (n, C)."""
    return np.asarray(rows @ _basis(rows.shape[1] + 1).T)


def rotated_back(release_key: bytes, values: Floats) -> Floats:
    """R^T v, (L,)."""
    size = values.size
    for number in reversed(range(_ROUNDS)):
        signs = seeds.signs(release_key, "carriers/rotation/signs", number, count=size)
        raw = seeds.xof(release_key, "carriers/rotation/order", number, length=8 * size)
        order = np.argsort(np.frombuffer(raw, dtype=">u8"), kind="stable")
        placed = np.empty(size)
        placed[order] = cosine_transform.inverse(values)
        values = placed * signs
    return values


@cache
def _basis(classes: int) -> Floats:
    """B, (C, C-1): transforms of the unit vectors."""
    return cosine_transform.forward(np.eye(classes))[:, 1:]
