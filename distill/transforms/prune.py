"""Magnitude pruning: in every weight tensor, the smallest entries become zero (Han et al. 2015, arXiv 1506.02626)."""

import copy

import torch
from torch import nn

from distill.errors import SettingsError


def prune(model: nn.Module, *, share: float) -> nn.Module:
    """A copy of the model in which `share` of every weight tensor, the smallest by magnitude, is zero. Biases stay.

    Raises:
        SettingsError: a share outside 0..1.

    Example:
        >>> int((prune(nn.Linear(4, 2), share=0.5).weight == 0).sum())
        4
    """
    if not 0 <= share < 1:
        raise SettingsError(f"a share of {share} to prune; give 0 or more and less than 1")
    pruned = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in pruned.parameters():
            if parameter.dim() > 1:
                smallest = parameter.abs().flatten().argsort(stable=True)[: round(share * parameter.numel())]
                parameter.view(-1)[smallest] = 0.0
    return pruned
