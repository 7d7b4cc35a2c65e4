"""A coalition that answers with the mean of its copies' log-probabilities."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from distill.errors import SettingsError


class AverageOutputs(nn.Module):
    """log p = mean_j log p_j, up to normalisation: what a coalition of copies answers together.

    Args:
        members: two copies or more.

    Raises:
        SettingsError: fewer than two members.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if len(members) < 2:
            raise SettingsError(f"a coalition needs two members or more, not {len(members)}")
        self.members = nn.ModuleList(members)

    def forward(self, inputs: Tensor) -> Tensor:
        """Mean log-probabilities, (n, C)."""
        return torch.stack([torch.log_softmax(member(inputs), dim=1) for member in self.members]).mean(dim=0)
