"""A coalition that answers, class by class, with the median or the extremes of its copies' log-probabilities."""

from collections.abc import Sequence
from enum import StrEnum

import torch
from torch import Tensor, nn

from distill.errors import SettingsError


class Pick(StrEnum):
    """Which of the members' values is answered."""

    MEDIAN = "median"
    LEAST = "least"
    GREATEST = "greatest"
    MIDRANGE = "midrange"


class OrderStatistics(nn.Module):
    """For every class the median, the least, the greatest, or the mean of least and greatest of log p_j.

    Args:
        members: two copies or more.
        pick: which one.

    Raises:
        SettingsError: fewer than two members.
    """

    def __init__(self, members: Sequence[nn.Module], *, pick: Pick) -> None:
        super().__init__()
        if len(members) < 2:
            raise SettingsError(f"a coalition needs two members or more, not {len(members)}")
        self.members = nn.ModuleList(members)
        self._pick = pick

    def forward(self, inputs: Tensor) -> Tensor:
        """Picked log-probabilities, (n, C), not normalised."""
        answers = torch.stack([torch.log_softmax(member(inputs), dim=1) for member in self.members])
        least, greatest = answers.amin(dim=0), answers.amax(dim=0)
        match self._pick:
            case Pick.LEAST:
                return least
            case Pick.GREATEST:
                return greatest
            case Pick.MIDRANGE:
                return (least + greatest) / 2
            case _:
                return torch.quantile(answers, 0.5, dim=0)
