"""Signing the weights of minted copies."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from distill.errors import ShapeError
from distill.outputs import logits
from distill.weights import add, chain, prepare_weights, sign_weights, state
from fingerprint import trace
from fingerprint.weights import align, gather_weights


def test_a_signed_copy_is_found_by_its_file(task):
    """Minted and signed: the file scores for its device, the base's file is left as it was."""
    pack = prepare_weights(task.prepared.base, task.prepared.kit, strength=0.03)
    before = state(task.prepared.base)
    minted = task.prepared.mint(task.codeword(1))
    copy = sign_weights(minted, pack, task.codeword(1))
    t = trace.scores(gather_weights(pack, state(copy)).values, np.stack([task.codeword(d) for d in range(1, 6)]))
    assert t[0] > 4
    assert t[0] > t[1:].max() + 1
    assert all((tensor == before[name]).all() for name, tensor in state(task.prepared.base).items())
    moved = (logits(copy, task.inputs) - logits(minted, task.inputs)).std() / logits(minted, task.inputs).std()
    assert 0 < float(moved) < 0.05


def convolutional() -> nn.Module:
    """Every kind of layer that a chain may have."""
    body = nn.Sequential(
        nn.Unflatten(1, (1, 6)),
        nn.Conv1d(1, 3, 3),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Flatten(),
        nn.Linear(6, 7),
        nn.ReLU(),
    )
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(7, 4, bias=False)))


def test_a_chain_lists_its_layers_in_order():
    """Names of weights and biases, first to last; None where there is no bias."""
    assert [(layer.weight, layer.bias) for layer in chain(convolutional())] == [
        ("body.1.weight", "body.1.bias"),
        ("body.5.weight", "body.5.bias"),
        ("head.weight", None),
    ]


@pytest.mark.parametrize(
    "extra", [nn.BatchNorm1d(4), nn.Tanh(), nn.Conv1d(4, 4, 1, groups=2)], ids=["norm", "tanh", "groups"]
)
def test_what_is_no_plain_chain_is_not_realigned(extra):
    """Normalisation, other activations and grouped convolutions give an empty chain."""
    assert chain(nn.Sequential(nn.Linear(2, 4), extra, nn.Linear(4, 2))) == ()


def test_the_disguise_that_alignment_undoes_keeps_every_answer(task):
    """A permuted and rescaled network answers alike, and aligned it has the base's weights again."""
    pack = prepare_weights(task.prepared.base, task.prepared.kit)
    hidden = sign_weights(task.prepared.base, pack, task.codeword(1))
    signed = state(hidden)
    draw = torch.Generator().manual_seed(3)
    first, head = hidden.body[0], hidden.head
    order, factor = torch.randperm(48, generator=draw), torch.rand(48, generator=draw) + 0.5
    before = logits(hidden, task.inputs)
    with torch.no_grad():
        first.weight.copy_(first.weight[order] * factor[:, None])
        first.bias.copy_(first.bias[order] * factor)
        head.weight.copy_(head.weight[:, order] / factor)
    assert torch.allclose(before, logits(hidden, task.inputs), atol=1e-4)
    ours, theirs = align(state(hidden), pack), align(signed, pack)
    assert all(tensor == pytest.approx(theirs[name], abs=1e-4) for name, tensor in ours.items())


def test_a_model_of_another_shape_is_refused(task):
    """A change is only added to a copy of its base."""
    with pytest.raises(ShapeError):
        add(nn.Linear(2, 2), {"weight": np.zeros((3, 2), dtype=np.float32)})
    with pytest.raises(ShapeError):
        sign_weights(nn.Linear(2, 2), prepare_weights(task.prepared.base, task.prepared.kit), task.codeword(1))
