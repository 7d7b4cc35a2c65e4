"""Attacks on files alone: neurons permuted and rescaled, units cut out, noise on every weight."""

import copy
from itertools import pairwise

import torch
from torch import nn

from fingerprint import seeds
from fingerprint.weights import Layer


def permute_and_rescale(model: nn.Module, chain: tuple[Layer, ...], *words: seeds.Word) -> nn.Module:
    """The same answers from other weights: hidden units shuffled, each scaled by a factor between 1/4 and 4."""
    hidden = copy.deepcopy(model)
    state = hidden.state_dict(keep_vars=True)
    draw = torch.Generator().manual_seed(seeds.number("disguise", *words))
    with torch.no_grad():
        for layer, following in pairwise(chain):
            weight, onward = state[layer.weight], state[following.weight]
            order = torch.randperm(len(weight), generator=draw)
            factor = 4 ** (2 * torch.rand(len(weight), generator=draw) - 1)
            weight.copy_(weight[order] * factor.view(-1, *([1] * (weight.dim() - 1))))
            if layer.bias is not None:
                state[layer.bias].copy_(state[layer.bias][order] * factor)
            runs = onward.reshape(len(onward), len(order), -1)[:, order] / factor.view(1, -1, 1)
            onward.copy_(runs.reshape(onward.shape))
    return hidden


def noisy_weights(model: nn.Module, level: float, *words: seeds.Word) -> nn.Module:
    """Gaussian noise of `level` standard deviations of its tensor on every weight."""
    noisy = copy.deepcopy(model)
    draw = torch.Generator().manual_seed(seeds.number("noisy weights", *words))
    with torch.no_grad():
        for parameter in noisy.parameters():
            if parameter.dim() > 1:
                parameter.add_(level * parameter.std() * torch.randn(parameter.shape, generator=draw))
    return noisy
