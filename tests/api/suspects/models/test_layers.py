"""Layers in numpy against PyTorch's, which is the slow obvious computation here."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from api.suspects.errors import ModelMalformed, ModelTooLarge
from api.suspects.models.architecture import Architecture
from api.suspects.models.layers.catalogue import LAYERS

CASES = {
    "linear": ([5], {"linear": "m", "out": 3}, lambda: nn.Linear(5, 3)),
    "linear without bias": ([5], {"linear": "m", "out": 3, "bias": False}, lambda: nn.Linear(5, 3, bias=False)),
    "conv": ([2, 6, 7], {"conv": "m", "out": 4, "kernel": 3}, lambda: nn.Conv2d(2, 4, 3)),
    "conv, all of it": (
        [4, 9, 8],
        {"conv": "m", "out": 6, "kernel": 3, "stride": 2, "padding": 1, "groups": 2, "bias": False},
        lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=False),
    ),
    "batch_norm": ([3, 4, 4], {"batch_norm": "m", "eps": 1e-3}, lambda: nn.BatchNorm2d(3, eps=1e-3)),
    "batch_norm, flat": ([3], {"batch_norm": "m"}, lambda: nn.BatchNorm1d(3)),
    "max_pool": ([2, 7, 6], {"max_pool": 2}, lambda: nn.MaxPool2d(2)),
    "max_pool, overlapping": ([2, 7, 6], {"max_pool": 3, "stride": 2}, lambda: nn.MaxPool2d(3, stride=2)),
    "avg_pool": ([2, 7, 6], {"avg_pool": 2}, lambda: nn.AvgPool2d(2)),
    "global_avg_pool": ([2, 5, 6], "global_avg_pool", lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
    "flatten": ([2, 3, 4], "flatten", nn.Flatten),
    "reshape": ([12], {"reshape": [1, 3, 4]}, lambda: nn.Unflatten(1, (1, 3, 4))),
    "relu": ([6], "relu", nn.ReLU),
    "leaky_relu": ([6], "leaky_relu", nn.LeakyReLU),
    "tanh": ([6], "tanh", nn.Tanh),
    "sigmoid": ([6], "sigmoid", nn.Sigmoid),
    "gelu": ([6], "gelu", nn.GELU),
}


def _architecture(shape, *layers: object) -> Architecture:
    return Architecture.from_bytes(json.dumps({"input": shape, "layers": layers}).encode())


def test_every_layer_of_the_table_is_held_against_pytorch():
    """A new row enters this suite or fails it."""
    assert {name.partition(",")[0].partition(" ")[0] for name in CASES} == set(LAYERS)


@pytest.mark.parametrize("case", CASES)
def test_a_layer_computes_what_pytorch_computes(case):
    """Shape and values, with PyTorch's own tensors under PyTorch's own names."""
    shape, described, make = CASES[case]
    torch.manual_seed(3)
    module = make()
    for buffer in module.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    module.eval()
    found = _architecture(shape, described)
    tensors = {f"m.{name}": tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    assert {name: tensors[name].shape for name in found.tensors} == dict(found.tensors)
    values = np.random.default_rng(1).normal(size=(5, *shape)).astype(np.float32)
    expected = module(torch.tensor(values)).detach().numpy()
    given = found.layers[0].apply(values, tensors)
    assert given.shape[1:] == expected.shape[1:] == found.outputs
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, expected, rtol=1e-5, atol=1e-6)


LINEAR = {"linear": "fc", "out": 2}


@pytest.mark.parametrize(
    ("shape", "layers", "says"),
    [
        ([3], [], "1 to 1000"),
        ([3], ["nonsense"], "none of"),
        ([3], [3], "none of"),
        ([3], [["relu"]], "none of"),
        ([3], [{}], "none of"),
        ([3], [{"relu": 1, "tanh": 1}], "none of"),
        ([3], [{**LINEAR, "extra": 1}], "no field 'extra'"),
        ([3], [{"linear": "fc"}], "'out'"),
        ([3], [{"linear": "fc", "out": 0}], "'out'"),
        ([3], [{"linear": "fc", "out": True}], "'out'"),
        ([3], [{"linear": "fc", "out": 1 << 40}], "'out'"),
        ([3], [{"linear": 5, "out": 2}], "'linear'"),
        ([3], [{"linear": "fc", "out": 2, "bias": 1}], "'bias'"),
        ([3], [LINEAR, LINEAR], "two layers"),
        ([1, 3], [LINEAR], "flatten first"),
        ([3], [{"conv": "c", "out": 2, "kernel": 1}], "does not fit"),
        ([3, 2, 2], [{"conv": "c", "out": 2, "kernel": 1, "groups": 2}], "does not fit"),
        ([1, 2, 2], [{"conv": "c", "out": 2, "kernel": 3}], "wider"),
        ([1, 2, 2], [{"max_pool": 3}], "wider"),
        ([4], [{"max_pool": 2}], "channels"),
        ([4], [{"reshape": [3]}], "cannot be reshaped"),
        ([4], [{"reshape": []}], "one to four sizes"),
        ([4], [{"batch_norm": "b", "eps": 0}], "'eps'"),
        ([], ["relu"], "one to four sizes"),
        ([-1], ["relu"], "one to four sizes"),
        ("3", ["relu"], "one to four sizes"),
        ([1 << 20, 1 << 20], ["relu"], "one to four sizes"),
    ],
    ids=str,
)
def test_an_architecture_without_sense_is_refused(shape, layers, says):
    """Unknown layers and fields, sizes out of range, layers that do not fit each other."""
    with pytest.raises(ModelMalformed, match=says):
        _architecture(shape, *layers)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"input": [3], "layers": ["relu"], "more": 1}', b"[" * 9999]
)
def test_what_is_no_architecture_is_refused(data):
    """Not JSON, or other fields."""
    with pytest.raises(ModelMalformed):
        Architecture.from_bytes(data)


def test_an_architecture_of_absurd_size_is_refused():
    """Before a tensor of it is allocated."""
    with pytest.raises(ModelTooLarge):
        _architecture([1 << 18], {"linear": "a", "out": 1 << 18})
    with pytest.raises(ModelTooLarge):
        Architecture.from_bytes(b" " * (2 << 20))
