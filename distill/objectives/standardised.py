"""Distillation of standardised logits (Sun, Ren, Li, Wang, Cao 2024, arXiv 2403.01731).

    Z(z) = (z - mean(z)) / (std(z) + 1e-7) / tau,   L = tau^2 KL( softmax(Z(z_teacher)) || softmax(Z(z_student)) )

Mean and standard deviation (n - 1 in the denominator, as in the authors' code) over the classes of each row. The
student learns the relation of its logits and not their size: the loss is nought for z_student = a z_teacher + b, a > 0.
"""

from dataclasses import dataclass

from torch import Tensor

from distill.objectives.tempered import check_positive, check_same_shape, divergence, log_probabilities

_SMALLEST = 1e-7


@dataclass(frozen=True, slots=True)
class StandardisedKD:
    """The objective for targets that are the teacher's logits, (n, C), C >= 2.

    Attributes:
        temperature: tau > 0, the paper's base temperature.

    Raises:
        SettingsError: tau is not positive and finite.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 2.0, 4.0]])
        >>> round(float(StandardisedKD()(3 * z + 1, z)), 6)
        0.0
    """

    temperature: float = 2.0

    def __post_init__(self) -> None:
        check_positive(temperature=self.temperature)

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        check_same_shape(logits, targets)
        student, teacher = (log_probabilities(_standardised(z), self.temperature) for z in (logits, targets))
        return divergence(teacher, student) * self.temperature**2


def _standardised(logits: Tensor) -> Tensor:
    return (logits - logits.mean(dim=1, keepdim=True)) / (logits.std(dim=1, keepdim=True) + _SMALLEST)
