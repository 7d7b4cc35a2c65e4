"""Forward KL: the student covers whatever the teacher gives mass to.

    L = KL( softmax(z_teacher / T) || softmax(z_student / T) )

Source: Kim and Rush 2016, arXiv 1606.07947 (word-level distillation); T = 1 there. Without the factor T^2 of `hinton`,
so the gradient falls with the square of T, as in language-model frameworks that pass T on as it is.
"""

from dataclasses import dataclass

from torch import Tensor

from distill.objectives.tempered import check_positive, check_same_shape, divergence, log_probabilities


@dataclass(frozen=True, slots=True)
class ForwardKL:
    """The objective for targets that are the teacher's logits, (n, C).

    Attributes:
        temperature: T > 0.

    Raises:
        SettingsError: T is not positive and finite.

    Example:
        >>> import torch
        >>> float(ForwardKL()(torch.ones(2, 3), torch.ones(2, 3)))
        0.0
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_positive(temperature=self.temperature)

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        check_same_shape(logits, targets)
        student, teacher = (log_probabilities(z, self.temperature) for z in (logits, targets))
        return divergence(teacher, student)
