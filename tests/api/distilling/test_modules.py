"""Architectures as PyTorch modules: what is trained is what a suspect's sandbox runs."""

import json

import numpy as np
import pytest
import torch

from api.distilling.modules import Chain, loaded
from api.suspects.errors import ModelMalformed, ModelUnfit
from api.suspects.models import layered
from api.suspects.models.architecture import Architecture
from api.suspects.models.layers.catalogue import LAYERS
from distill import artefact, loop

CHAINS = {
    "linear": ([5], [{"linear": "a.b", "out": 3, "bias": False}]),
    "conv": ([4, 7, 7], [{"conv": "c", "out": 6, "kernel": 3, "stride": 2, "padding": 1, "groups": 2}]),
    "batch_norm": ([4, 3, 3], [{"batch_norm": "n", "eps": 1e-3}, "flatten", {"batch_norm": "m"}]),
    "max_pool": ([2, 7, 7], [{"max_pool": 3, "stride": 2}]),
    "avg_pool": ([2, 6, 6], [{"avg_pool": 2}]),
    "global_avg_pool": ([3, 4, 5], ["global_avg_pool"]),
    "flatten": ([3, 4, 5], ["flatten"]),
    "reshape": ([12], [{"reshape": [3, 2, 2]}]),
}


def architecture(shape, layers):
    """From JSON, as everywhere."""
    return Architecture.from_bytes(json.dumps({"input": shape, "layers": layers}).encode())


@pytest.mark.parametrize("word", LAYERS)
def test_every_layer_computes_what_the_sandbox_computes(word):
    """Each row of the catalogue, on the tensors of its own file, trained mode's counters included."""
    described = architecture(*CHAINS.get(word, ([6], [word])))
    model = loop.seeded(lambda: Chain(described), "modules", word)
    rows = torch.randn((9, *described.shape), generator=torch.Generator().manual_seed(1))
    model.train()(rows)
    data = artefact.to_bytes(model)
    found, _ = layered.run(data, rows.numpy(), {"architecture": _text(word), "batch": 4})
    np.testing.assert_allclose(loaded(described, data)(rows).detach().numpy(), found, atol=2e-5)


def _text(word):
    shape, layers = CHAINS.get(word, ([6], [word]))
    return json.dumps({"input": shape, "layers": layers})


@pytest.mark.parametrize("names", [("forward", "b"), ("a.weight", "a"), ("a", "a.bias")])
def test_a_name_that_no_module_can_have_is_refused(names):
    """It is named, and nothing of PyTorch is overwritten."""
    with pytest.raises(ModelMalformed, match="choose another name"):
        Chain(architecture([3], [{"linear": name, "out": 3} for name in names]))


def test_weights_of_another_architecture_are_refused():
    """The tensors that differ are named."""
    data = artefact.to_bytes(Chain(architecture([3], [{"linear": "a", "out": 3}])))
    with pytest.raises(ModelUnfit, match=r"a\.(weight|bias)"):
        loaded(architecture([3], [{"linear": "a", "out": 4}]), data)
