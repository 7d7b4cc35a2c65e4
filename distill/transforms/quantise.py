"""Weight quantisation: symmetric, one scale per output row, rounded to nearest.

    s_r = max_j |W_rj| / (2^(b-1) - 1),   W_rj <- s_r round(W_rj / s_r)

The arithmetic stays in float: what matters for a signature is which values the weights can still take.
"""

import copy

import torch
from torch import nn

from distill.errors import SettingsError


def quantise(model: nn.Module, *, bits: int = 8) -> nn.Module:
    """A copy of the model whose weights take at most 2^bits - 1 values per output row.

    Args:
        model: left as it is.
        bits: 2 to 16.

    Raises:
        SettingsError: another number of bits.

    Example:
        >>> layer = nn.Linear(3, 2)
        >>> int(quantise(layer, bits=2).weight.unique().numel()) <= 6
        True
    """
    if not 2 <= bits <= 16:
        raise SettingsError(f"{bits} bits; quantise to 2 to 16")
    levels = 2 ** (bits - 1) - 1
    quantised = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in quantised.parameters():
            rows = parameter.view(len(parameter), -1) if parameter.dim() > 1 else parameter.view(1, -1)
            scale = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / levels
            rows.copy_((rows / scale).round() * scale)
    return quantised
