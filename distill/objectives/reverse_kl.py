"""Reverse KL: the student keeps to where the teacher gives mass, and may leave some of it out.

    L = KL( softmax(z_student / T) || softmax(z_teacher / T) )

Source: Gu, Dong, Wei, Huang 2024 (MiniLLM), arXiv 2306.08543, at T = 1; here over the full set, not sampled.
"""

from dataclasses import dataclass

from torch import Tensor

from distill.objectives.tempered import check_positive, check_same_shape, divergence, log_probabilities


@dataclass(frozen=True, slots=True)
class ReverseKL:
    """The objective for targets that are the teacher's logits, (n, C).

    Attributes:
        temperature: T > 0.

    Raises:
        SettingsError: T is not positive and finite.

    Example:
        >>> import torch
        >>> float(ReverseKL()(torch.ones(2, 3), torch.ones(2, 3)))
        0.0
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_positive(temperature=self.temperature)

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        check_same_shape(logits, targets)
        student, teacher = (log_probabilities(z, self.temperature) for z in (logits, targets))
        return divergence(student, teacher)
