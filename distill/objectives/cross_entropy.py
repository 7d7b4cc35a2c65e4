"""Cross-entropy against class numbers: training on true labels, or on another model's hard labels."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class CrossEntropy:
    """The objective for targets that are class numbers, int64 (n,).

    Attributes:
        label_smoothing: share of the mass spread evenly, 0..1.
    """

    label_smoothing: float = 0.0

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        return functional.cross_entropy(logits, targets, label_smoothing=self.label_smoothing)
