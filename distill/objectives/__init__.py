"""One file per objective; the catalogue names them."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from distill.objectives.cross_entropy import CrossEntropy
from distill.objectives.hinton import HintonKD


class Objective(Protocol):
    """What the training loop minimises: the student's logits against targets, averaged over the batch."""

    def __call__(self, logits: Tensor, targets: Tensor, /) -> Tensor:
        """A scalar loss with gradient."""
        ...


CATALOGUE: dict[str, Callable[[], Objective]] = {"hinton": HintonKD, "cross_entropy": CrossEntropy}

__all__ = ["CATALOGUE", "CrossEntropy", "HintonKD", "Objective"]
