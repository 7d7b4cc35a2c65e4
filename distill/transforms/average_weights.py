"""A coalition that merges its copies' weights into one model."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from distill.errors import SettingsError, ShapeError


def average_weights(members: Sequence[nn.Module]) -> nn.Module:
    """One model whose parameters are the members' means. It is any good only for copies minted from one base.

    Raises:
        SettingsError: fewer than two members.
        ShapeError: members of different architectures.
    """
    if len(members) < 2:
        raise SettingsError(f"a coalition needs two members or more, not {len(members)}")
    states = [member.state_dict() for member in members]
    if any({n: t.shape for n, t in state.items()} != {n: t.shape for n, t in states[0].items()} for state in states):
        raise ShapeError("the members' weights have different names or shapes; average their outputs instead")
    merged = copy.deepcopy(members[0])
    merged.load_state_dict({name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]})
    return merged.eval()
