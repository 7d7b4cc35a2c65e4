"""Answers mixed with the uniform distribution: q' = (1 - a) q + a / C."""

import torch
from torch import Tensor, nn

from distill.errors import SettingsError
from distill.transforms.answers import FilteredAnswers, to_logits


class SmoothedAnswers(FilteredAnswers):
    """Label smoothing of the answers. The likeliest class stays the likeliest: no accuracy is lost.

    Args:
        model: left as it is.
        share: a, 0 to 1.

    Raises:
        SettingsError: another share.
    """

    def __init__(self, model: nn.Module, *, share: float = 0.1) -> None:
        super().__init__(model)
        if not 0 <= share < 1:
            raise SettingsError(f"a smoothing share of {share}; give 0 or more and less than 1")
        self._share = share

    def change(self, logits: Tensor) -> Tensor:
        """log((1 - a) softmax(z) + a / C)."""
        q = torch.softmax(logits, dim=1)
        return to_logits((1 - self._share) * q + self._share / logits.shape[1])
