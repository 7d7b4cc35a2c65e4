"""Only the likeliest classes are reported."""

import torch
from torch import Tensor, nn

from distill.errors import SettingsError
from distill.transforms.answers import FilteredAnswers, to_logits


class TopOnly(FilteredAnswers):
    """The k largest probabilities as they are, all others answered as log 1e-6.

    Args:
        model: left as it is.
        k: 1 or more.

    Raises:
        SettingsError: no class to report.
    """

    def __init__(self, model: nn.Module, *, k: int = 3) -> None:
        super().__init__(model)
        if k < 1:
            raise SettingsError(f"{k} classes to report; give 1 or more")
        self._k = k

    def change(self, logits: Tensor) -> Tensor:
        """log of the k largest probabilities."""
        q = torch.softmax(logits, dim=1)
        kept = q.topk(min(self._k, q.shape[1]), dim=1)
        return to_logits(torch.zeros_like(q).scatter(1, kept.indices, kept.values))
