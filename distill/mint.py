"""Minting: a device's copy in closed form, from one clean base student.

    A = argmin |[g 1] A - h|^2 + ridge |A|^2           g: what the base's last layer reads, h: whitened teacher features
    W <- W + eps sigma_z M_d A_w^T / sqrt(k)           a rank-k edit of the last layer

Milliseconds per device and no training, which is what makes a million devices affordable.
"""

import copy

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from distill import outputs
from distill.errors import FeaturesNotFound
from distill.taps import submodule
from fingerprint.kit import SigningKit

_RIDGE = 1e-3  # of the features' mean square: enough to keep dead units from exploding, too little to shrink the rest


def fit_minting_map(
    base: nn.Module, inputs: Tensor, whitened: NDArray[np.float64], *, head: str
) -> NDArray[np.float64]:
    """A, float64 (F' + 1, k), the last row for the bias.

    Args:
        base: clean student.
        inputs: transfer set, (n, ...).
        whitened: h of the teacher on the same inputs, (n, k).
        head: name of the base's last layer, an `nn.Linear` with bias.

    Raises:
        FeaturesNotFound: no such module, or it is no linear layer with bias.
    """
    linear(base, head)
    read = outputs.before_head(base, inputs, head).numpy().astype(np.float64)
    design = np.column_stack([read, np.ones(len(read))])
    ridge = _RIDGE * len(read) * max(float((read * read).mean()), 1e-12)
    gram = design.T @ design + ridge * np.diag(np.r_[np.ones(read.shape[1]), 1e-6])
    return np.asarray(np.linalg.solve(gram, design.T @ whitened))


def mint(base: nn.Module, kit: SigningKit, codeword: ArrayLike, *, head: str) -> nn.Module:
    """The copy of one device: the base with its last layer edited. The base is left as it is.

    Raises:
        FeaturesNotFound: no such module, or it is no linear layer with bias.
        fingerprint.errors.ParameterError: the release cannot mint, or another release's codeword.
    """
    minted = copy.deepcopy(base)
    layer = linear(minted, head)
    weight, bias = kit.mint_head(layer.weight.detach().numpy(), layer.bias.detach().numpy(), codeword)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(weight))
        layer.bias.copy_(torch.as_tensor(bias))
    return minted


def linear(model: nn.Module, head: str) -> nn.Linear:
    """The last layer, checked to be one that can be minted.

    Raises:
        FeaturesNotFound: no such module, or it is no linear layer with bias.
    """
    layer = submodule(model, head)
    if not isinstance(layer, nn.Linear) or layer.bias is None:
        raise FeaturesNotFound(f"{head!r} is a {type(layer).__name__}; minting edits a linear last layer with bias")
    return layer
