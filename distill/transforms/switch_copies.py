"""A coalition that answers every input with one of its copies, chosen at random: interleaving."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from distill.errors import SettingsError
from fingerprint import seeds


class SwitchCopies(nn.Module):
    """inputs -> log p_j of a member j drawn anew for each input.

    Args:
        members: two copies or more.
        seed: words that name the draws; the first call after construction always draws the same.

    Raises:
        SettingsError: fewer than two members.
    """

    def __init__(self, members: Sequence[nn.Module], *, seed: tuple[seeds.Word, ...]) -> None:
        super().__init__()
        if len(members) < 2:
            raise SettingsError(f"a coalition needs two members or more, not {len(members)}")
        self.members = nn.ModuleList(members)
        self._draws = torch.Generator().manual_seed(seeds.number("switch copies", *seed))

    def forward(self, inputs: Tensor) -> Tensor:
        """Log-probabilities, (n, C)."""
        answers = torch.stack([torch.log_softmax(member(inputs), dim=1) for member in self.members])
        chosen = torch.randint(len(self.members), (len(inputs),), generator=self._draws)
        return answers[chosen, torch.arange(len(inputs))]
