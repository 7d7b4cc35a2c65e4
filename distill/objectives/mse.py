"""Mean squared error between logits (Ba and Caruana 2014, arXiv 1312.6184).

    L = 1/(n C) sum_i sum_c (z_student - z_teacher)_ic^2

Pulls alike on every class whatever the teacher's confidence. It sees the common mode, which softmax does not.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from distill.objectives.tempered import check_same_shape


@dataclass(frozen=True, slots=True)
class LogitMSE:
    """The objective for targets that are the teacher's logits, (n, C).

    Example:
        >>> import torch
        >>> float(LogitMSE()(torch.zeros(2, 4), 3 * torch.ones(2, 4)))
        9.0
    """

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch and the classes."""
        check_same_shape(logits, targets)
        return functional.mse_loss(logits, targets)
