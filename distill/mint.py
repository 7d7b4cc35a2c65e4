"""Minting: a device's copy in closed form, from one clean base student.

    A = argmin |[g 1] A - h|^2 + ridge |A|^2           g: what the base's last layer reads, h: whitened teacher features
    W <- W + eps sigma_z M_d A_w^T / sqrt(k)           a rank-k edit of the last layer

Milliseconds per device and no training, which is what makes a million devices affordable. `distill.stream` mints by the
hundred thousand, with the same bits.
"""

import copy

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from distill import heads
from distill.errors import FeaturesNotFound
from distill.taps import submodule
from fingerprint.errors import ParameterError
from fingerprint.kit import SigningKit
from fingerprint.minting import head_change

_RIDGE = 1e-3  # of the features' mean square: enough to keep dead units from exploding, too little to shrink the rest


def fit_minting_map(
    base: nn.Module, inputs: Tensor, whitened: NDArray[np.float64], *, head: str
) -> NDArray[np.float64]:
    """A, float64 (F' + 1, k), the last row for the bias; nought where the layer has none.

    Args:
        base: clean student.
        inputs: transfer set, (n, ...).
        whitened: h of the teacher on the same inputs, (n, k).
        head: name of the base's last layer (see `distill.heads`).

    Raises:
        FeaturesNotFound: no such module, or one that cannot be minted.
    """
    biased = heads.find_head(base, head).bias is not None
    gram, target, count = _products(base, inputs, whitened, head, constant=biased)
    squares = np.diag(gram)[: len(gram) - biased]
    ridge = _RIDGE * count * max(float(squares.mean()) / count, 1e-12)
    damping = np.r_[np.ones(len(squares)), [1e-6] * biased]
    found = np.linalg.solve(gram + ridge * np.diag(damping), target)
    return np.asarray(found if biased else np.vstack([found, np.zeros(whitened.shape[1])]))


def _products(
    base: nn.Module, inputs: Tensor, whitened: NDArray[np.float64], head: str, *, constant: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """[g 1]^T [g 1], [g 1]^T h and n, some rows at a time: what a wide layer reads is never held whole."""
    gram, target, count = np.zeros(()), np.zeros(()), 0
    for read in heads.blocks(base, inputs, head):
        rows = np.column_stack([read, np.ones(len(read))]) if constant else read
        gram = gram + rows.T @ rows
        target = target + rows.T @ whitened[count : count + len(rows)]
        count += len(rows)
    return gram, target, count


def expressed(base: nn.Module, kit: SigningKit, inputs: Tensor, *, head: str) -> NDArray[np.float64]:
    """e = [g 1] A, float64 (n, k): the base's own approximation of h, which copies minted from it carry.

    Raises:
        FeaturesNotFound: no such module, or one that cannot be minted.
        fingerprint.errors.ParameterError: the release cannot mint.
    """
    if kit.minting is None:
        raise ParameterError("this release has no minting base; prepare it with one")
    read = heads.read_by(base, inputs, head)
    return np.asarray(np.column_stack([read, np.ones(len(read))]) @ kit.minting)


def mint(base: nn.Module, kit: SigningKit, codeword: ArrayLike, *, head: str) -> nn.Module:
    """The copy of one device: the base with its last layer edited. The base is left as it is.

    Raises:
        FeaturesNotFound: no such module, one that cannot be minted, or of another shape than the kit's.
        fingerprint.errors.ParameterError: the release cannot mint, or another release's codeword.
    """
    minted = copy.deepcopy(base)
    heads.edit(minted, head, head_change(kit, codeword))
    return minted


def linear(model: nn.Module, head: str) -> nn.Linear:
    """The last layer, for what needs it to be linear with bias.

    Raises:
        FeaturesNotFound: no such module, or it is no linear layer with bias.
    """
    layer = submodule(model, head)
    if not isinstance(layer, nn.Linear) or layer.bias is None:
        raise FeaturesNotFound(f"{head!r} is a {type(layer).__name__}; a linear last layer with bias is needed")
    return layer
