"""Undoing what leaves a network's answers as they are: neurons in another order, or scaled up and down again.

For a chain of layers with ReLU between them, permuting the units of a layer together with the next layer's inputs, or
multiplying a unit's incoming weights by a > 0 and dividing its outgoing ones by a, changes nothing that a caller sees.
Layer by layer, first to last:

1. Incoming weights and bias of every unit, inputs already in order, one row each.
2. Hungarian matching of suspect's units to the base's by the cosine of their rows (it does not see the scale).
3. The scale of a matched unit: least squares of its row on the base's, over entries that are not exactly nought.
4. Rows put in order and divided by their scale; the next layer's inputs likewise, multiplied by it.

A suspect with fewer units (structured pruning) leaves the unmatched units of the base at nought, which counts as
missing. Matching looks at suspect and base alone: it is blind, and the theorem stands whatever it decides. Units with
batch normalisation or several readers (residual connections) are no plain chain and are not realigned.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from fingerprint.weights.pack import Layer, WeightsPack

Floats = NDArray[np.float64]


def align(suspect: Mapping[str, NDArray[Any]], pack: WeightsPack) -> dict[str, Floats]:
    """The suspect's tensors in the base's order and scale, float64; those outside the chain as they are.

    Tensors that cannot be fitted to the base's shape are left out. The suspect given is left as it is.

    Args:
        suspect: tensors by the base's names.
        pack: of the release.
    """
    found = {name: np.array(tensor, dtype=np.float64) for name, tensor in suspect.items() if name in pack.base}
    for layer, following in pairwise(pack.chain):
        if not _fits(found, pack, layer, following):
            break
        units = len(found[layer.weight])
        order, scale = _match(_rows(found, layer), _rows(pack.base, layer))
        _reorder(found, layer, order, scale)
        _reorder_inputs(found, following, units, order, scale)
    return {name: tensor for name, tensor in found.items() if tensor.shape == pack.base[name].shape}


def _fits(found: Mapping[str, Floats], pack: WeightsPack, layer: Layer, following: Layer) -> bool:
    if layer.weight not in found or following.weight not in found:
        return False
    here, there = found[layer.weight], pack.base[layer.weight]
    whole = layer.bias is None or (layer.bias in found and found[layer.bias].shape == here.shape[:1])
    divides = found[following.weight].ndim > 1 and found[following.weight].shape[1] % max(len(here), 1) == 0
    return here.ndim > 1 and here.shape[1:] == there.shape[1:] and whole and divides and len(here) > 0


def _rows(tensors: Mapping[str, NDArray[Any]], layer: Layer) -> Floats:
    weight = tensors[layer.weight].astype(np.float64)
    rows = weight.reshape(len(weight), -1)
    return rows if layer.bias is None else np.column_stack([rows, tensors[layer.bias].astype(np.float64)])


def _match(rows: Floats, target: Floats) -> tuple[NDArray[np.intp], Floats]:
    """For every unit of the base the suspect's unit (-1 for none) and its scale."""
    similar = _normalised(rows) @ _normalised(target).T
    ours, theirs = linear_sum_assignment(similar, maximize=True)
    order = np.full(len(target), -1, dtype=np.intp)
    order[theirs] = ours
    matched = rows[order]
    kept = matched != 0
    scale = (matched * target * kept).sum(axis=1) / np.maximum((target * target * kept).sum(axis=1), 1e-30)
    return order, np.where((scale > 0) & (order >= 0), np.maximum(scale, 1e-12), 1.0)


def _normalised(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30))


def _reorder(found: dict[str, Floats], layer: Layer, order: NDArray[np.intp], scale: Floats) -> None:
    for name in (layer.weight, layer.bias):
        if name is not None:
            picked = _picked(found[name], order)
            found[name] = picked / scale.reshape(-1, *([1] * (picked.ndim - 1)))


def _reorder_inputs(found: dict[str, Floats], layer: Layer, units: int, order: NDArray[np.intp], scale: Floats) -> None:
    weight = found[layer.weight]
    # a convolution's channel is one input; after flattening, a channel is a run of neighbouring inputs
    grouped = np.moveaxis(weight.reshape(len(weight), units, -1), 1, 0)
    moved = np.moveaxis(_picked(grouped, order) * scale.reshape(-1, 1, 1), 0, 1)
    run = weight.shape[1] // units
    found[layer.weight] = moved.reshape(len(weight), run * len(order), *weight.shape[2:])


def _picked(values: Floats, order: NDArray[np.intp]) -> Floats:
    return np.where((order >= 0).reshape(-1, *([1] * (values.ndim - 1))), values[order], 0.0)
