"""A coalition that answers with the mean of its copies' probabilities."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from distill.errors import SettingsError


class MeanProbabilities(nn.Module):
    """log mean_j p_j: what an ensemble usually answers.

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
        """Log of the mean probabilities, (n, C)."""
        answers = torch.stack([torch.log_softmax(member(inputs), dim=1) for member in self.members])
        return torch.logsumexp(answers, dim=0) - math.log(len(self.members))
