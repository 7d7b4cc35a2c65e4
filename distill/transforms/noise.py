"""Gaussian noise on the logits, in standard deviations of the logits of each batch."""

import torch
from torch import Tensor, nn

from distill.errors import SettingsError
from distill.transforms.answers import FilteredAnswers
from fingerprint import seeds


class NoisyAnswers(FilteredAnswers):
    """z' = z + level std(z) e with e standard normal, drawn afresh for every answer from a stream made of words.

    Args:
        model: left as it is.
        level: noise in standard deviations of the centred logits, positive.
        seed: words that name the stream. The same words and the same sequence of questions give the same answers.

    Raises:
        SettingsError: another level.
    """

    def __init__(self, model: nn.Module, *, level: float, seed: tuple[seeds.Word, ...]) -> None:
        super().__init__(model)
        if not 0 < level < float("inf"):
            raise SettingsError(f"a noise level of {level}; it must be positive and finite")
        self._level = level
        self._stream = torch.Generator().manual_seed(seeds.number("transforms/noise", *seed))

    def change(self, logits: Tensor) -> Tensor:
        """Logits and noise."""
        spread = (logits - logits.mean(dim=1, keepdim=True)).square().mean().sqrt()
        return logits + self._level * spread * torch.randn(logits.shape, generator=self._stream)
