"""Research: the signature of the hidden layers, seen through answers alone, whatever head was put on top.

A copy whose hidden weights moved has features g + dg. Whoever fits a new last layer V on them answers V (g + dg): V is
found by regressing the answers on the base's features g, and what is left is V dg. To first order dg is linear in the
codeword, so with E_l(x) the effect of bit l, seen through V and with the span of g taken out,

    F = sum_i w_i E(x_i)^T E(x_i),   w_i = 1 / (|r_i| + median)
    y = (F + lambda mean(diag F) I)^(-1) sum_i w_i E(x_i)^T r_i

Blind as ever: V, r and E come from answers, base and release key. For perceptrons of linear layers and ReLU.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fingerprint.carriers import to_class_basis
from fingerprint.weights import WeightsPack, carriers

Floats = NDArray[Any]
RIDGE = 0.03


def seen_evidence(log_probabilities: Floats, inputs: Floats, pack: WeightsPack) -> Floats:
    """y, (L,), from answers (n, C) to flat inputs (n, D); the pack's chain is hidden layers and a last one."""
    weights = [pack.base[layer.weight].astype(np.float32) for layer in pack.chain[:-1]]
    biases = [pack.base[str(layer.bias)].astype(np.float32) for layer in pack.chain[:-1]]
    read, masks = _forward(inputs.astype(np.float32), weights, biases)
    design = np.column_stack([read[-1], np.ones(len(inputs))]).astype(np.float64)
    answers = to_class_basis(log_probabilities)
    fitted, *_ = np.linalg.lstsq(design, answers, rcond=None)
    residual = answers - design @ fitted
    basis = np.linalg.qr(design)[0].astype(np.float32)
    effects = _effects(fitted[:-1].astype(np.float32), weights, read, masks, pack)
    flat = effects.reshape(len(inputs), -1)
    flat -= basis @ (basis.T @ flat)
    return _solve(effects, residual)


def _forward(inputs: Floats, weights: list[Floats], biases: list[Floats]) -> tuple[list[Floats], list[Floats]]:
    read, masks = [inputs], []
    for weight, bias in zip(weights, biases, strict=True):
        before = read[-1] @ weight.T + bias
        masks.append((before > 0).astype(np.float32))
        read.append(np.maximum(before, 0))
    return read, masks


def _effects(head: Floats, weights: list[Floats], read: list[Floats], masks: list[Floats], pack: WeightsPack) -> Floats:
    """E, float32 (n, C-1, L): gradients of the answers, layer by layer from the last, times the carriers."""
    effects = np.zeros((len(read[0]), head.shape[1], pack.bits), dtype=np.float32)
    back = np.repeat(head[None], len(read[0]), axis=0)  # d answers / d features, (n, units, C-1)
    for number in reversed(range(len(weights))):
        back = back * masks[number][:, :, None]
        name = pack.chain[number].weight
        bit, sign = carriers.draw(pack.carrier_key, name, count=weights[number].size, bits=pack.bits)
        bit, step = bit.reshape(weights[number].shape), (pack.signed[name] * sign).reshape(weights[number].shape)
        width = weights[number].shape[1]
        for unit in range(len(weights[number])):
            rows = sparse.csr_array((step[unit], (np.arange(width), bit[unit])), shape=(width, pack.bits))
            moved = np.asarray(read[number] @ rows, dtype=np.float32)
            effects += back[:, unit, :, None] * moved[:, None, :]
        back = np.einsum("nkc,ki->nic", back, weights[number], optimize=True)
    return effects


def _solve(effects: Floats, residual: Floats) -> Floats:
    size = np.linalg.norm(residual, axis=1)
    weight = (1 / (size + np.median(size))).astype(np.float32)
    rows = effects.reshape(-1, effects.shape[2])
    weighted = (effects * weight[:, None, None]).reshape(rows.shape)
    information = (weighted.T @ rows).astype(np.float64)
    damped = information + RIDGE * np.diag(information).mean() * np.eye(len(information))
    return np.asarray(np.linalg.solve(damped, weighted.T @ residual.astype(np.float32).ravel()))
