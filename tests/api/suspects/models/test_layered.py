"""Safetensors with an architecture: tensors checked by name, shape and type. In this process."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from safetensors.torch import save as save_torch
from torch import nn

from api.suspects.errors import ModelMalformed, ModelUnfit
from api.suspects.models import layered
from api.suspects.models.architecture import Architecture


def _options(architecture, batch=4) -> dict:
    return {"batch": batch, "architecture": architecture.decode()}


def test_a_whole_network_answers_as_in_pytorch():
    """Convolution, normalisation, pooling and two linear layers, in half precision as well."""
    torch.manual_seed(2)
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(48, 7), nn.GELU(), nn.Linear(7, 5),
    ).eval()  # fmt: skip
    layers = [{"reshape": [1, 8, 8]}, {"conv": "1", "out": 3, "kernel": 3, "padding": 1}, {"batch_norm": "2"}, "relu",
              {"max_pool": 2}, "flatten", {"linear": "6", "out": 7}, "gelu", {"linear": "8", "out": 5}]  # fmt: skip
    architecture = json.dumps({"input": [64], "layers": layers}).encode()
    probes = np.random.default_rng(3).normal(size=(10, 64)).astype(np.float32)
    for kind, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 2e-2), (torch.float16, 2e-3)):
        state = {name: tensor.to(kind) if tensor.is_floating_point() else tensor for name, tensor in
                 model.state_dict().items()}  # fmt: skip
        answers, facts = layered.run(save_torch(state), probes, _options(architecture))
        expected = model(torch.tensor(probes)).detach().numpy()
        np.testing.assert_allclose(answers, expected, atol=tolerance)
        assert facts["layers"] == 9


@pytest.mark.parametrize(
    ("tensors", "says"),
    [
        ({"fc.weight": np.ones((4, 6), np.float32)}, "lacks 'fc.bias'"),
        ({}, "lacks 'fc.bias', 'fc.weight'"),
        (
            {"fc.weight": np.ones((4, 6), np.float32), "fc.bias": np.ones(4, np.float32), "x": np.ones(1)},
            "beyond it 'x'",
        ),
        ({"fc.weight": np.ones((6, 4), np.float32), "fc.bias": np.ones(4, np.float32)}, r"\(6, 4\), and \(4, 6\)"),
        ({"fc.weight": np.ones((4, 6), np.int8), "fc.bias": np.ones(4, np.float32)}, "type I8; dequantise"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_tensors_of_another_architecture_are_refused_by_name(make, tensors, says):
    """Missing, too many, of another shape, of another type: all that differs is said."""
    with pytest.raises(ModelUnfit, match=says):
        layered.run(save(tensors), make.probes, _options(make.architecture))


def test_damaged_files_are_refused(make):
    """Truncated, overlapping beyond the end, no safetensors."""
    whole = make.models["safetensors"]
    for data in (b"", whole[:-1], whole[:40], b"\x80\x04nonsense"):
        with pytest.raises(ModelMalformed):
            layered.read(data, Architecture.from_bytes(make.architecture))


def test_probes_of_another_size_are_refused(make):
    """The sizes are said."""
    with pytest.raises(ModelUnfit, match=r"\(6,\), and a probe has shape \(5,\)"):
        layered.run(make.models["safetensors"], np.ones((2, 5)), _options(make.architecture))
