"""True labels beside a teacher's scores.

    L = a CE(z_student, y) + b L_soft(z_student, z_teacher)

The usual shape of a distillation on labelled data (Hinton et al. 2015, arXiv 1503.02531, section 2). Targets are the
teacher's scores with the class number in one more column: `with_labels`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from distill.errors import ShapeError
from distill.objectives.hinton import HintonKD


@dataclass(frozen=True, slots=True)
class Labelled:
    """The objective for targets (n, C + 1): the teacher's logits, then the class number.

    Attributes:
        soft: objective on the teacher's logits.
        label_weight: a.
        soft_weight: b.

    Raises:
        ShapeError: targets of another width than C + 1 (when called).

    Example:
        >>> targets = with_labels(torch.zeros(2, 3), torch.tensor([0, 2]))
        >>> round(float(Labelled(label_weight=1.0)(torch.zeros(2, 3), targets)), 4)
        1.0986
    """

    soft: Callable[[Tensor, Tensor], Tensor] = field(default_factory=HintonKD)
    label_weight: float = 0.1
    soft_weight: float = 0.9

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        if targets.dim() != 2 or targets.shape[1] != logits.shape[1] + 1:
            raise ShapeError(f"targets {tuple(targets.shape)} for {logits.shape[1]} classes; use `with_labels`")
        hard = functional.cross_entropy(logits, targets[:, -1].long())
        return self.label_weight * hard + self.soft_weight * self.soft(logits, targets[:, :-1])


def with_labels(logits: Tensor, labels: Tensor) -> Tensor:
    """Targets for `Labelled`: (n, C) scores and (n,) class numbers as (n, C + 1)."""
    return torch.cat([logits, labels[:, None].to(logits)], dim=1)
