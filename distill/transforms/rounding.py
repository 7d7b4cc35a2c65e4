"""Probabilities rounded to a few digits after the point."""

import torch
from torch import Tensor, nn

from distill.errors import SettingsError
from distill.transforms.answers import FilteredAnswers, to_logits


class RoundedAnswers(FilteredAnswers):
    """q' = q rounded to `digits` digits; what was rounded to zero is answered as log 1e-6.

    Args:
        model: left as it is.
        digits: 1 to 12.

    Raises:
        SettingsError: another number of digits.
    """

    def __init__(self, model: nn.Module, *, digits: int = 2) -> None:
        super().__init__(model)
        if not 1 <= digits <= 12:
            raise SettingsError(f"rounding to {digits} digits; give 1 to 12")
        self._digits = digits

    def change(self, logits: Tensor) -> Tensor:
        """log of the rounded probabilities."""
        return to_logits(torch.softmax(logits, dim=1).round(decimals=self._digits))
