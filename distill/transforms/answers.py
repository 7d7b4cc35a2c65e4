"""A model behind a filter on its answers: the shape of every attack that leaves the weights alone."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

SMALLEST = 1e-6  # stands for a probability that was rounded or cut to zero


class FilteredAnswers(nn.Module, ABC):
    """inputs -> change(logits of the model inside)."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        """Filtered logits, (n, C)."""
        return self.change(self.model(inputs))

    @abstractmethod
    def change(self, logits: Tensor) -> Tensor:
        """What is answered instead of these logits."""


def to_logits(probabilities: Tensor) -> Tensor:
    """log p with zeros at log 1e-6: answers that are probabilities, in the form of logits."""
    return torch.log(probabilities.clamp_min(SMALLEST))
