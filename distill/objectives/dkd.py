"""Decoupled knowledge distillation (Zhao, Cui, Song, Qiu, Liang 2022, arXiv 2203.08679).

    b = (p_t, 1 - p_t)                                the target class t against the rest
    p^ = softmax of the logits without class t        the rest among themselves
    L = T^2 [ alpha KL(b_teacher || b_student) + beta KL(p^_teacher || p^_student) ]

alpha = 1 and beta = 1 - p_t of the teacher, per row, give `hinton` back. The target is the teacher's most likely class;
the paper takes the true label, which unlabelled transfer inputs do not have. With two classes the second term is
nought. The non-target term pulls a signature nearly fully whatever the teacher's confidence.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from distill.objectives.tempered import check_positive, check_same_shape, divergence, log_probabilities


@dataclass(frozen=True, slots=True)
class DKD:
    """The objective for targets that are the teacher's logits, (n, C).

    Attributes:
        alpha: weight of the target term, > 0.
        beta: weight of the non-target term, > 0.
        temperature: T > 0.

    Raises:
        SettingsError: a constant out of range.

    Example:
        >>> import torch
        >>> float(DKD()(torch.zeros(2, 4), torch.zeros(2, 4)))
        0.0
    """

    alpha: float = 1.0
    beta: float = 8.0
    temperature: float = 4.0

    def __post_init__(self) -> None:
        check_positive(alpha=self.alpha, beta=self.beta, temperature=self.temperature)

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        check_same_shape(logits, targets)
        chosen = targets.argmax(dim=1, keepdim=True)
        (student, student_rest), (teacher, teacher_rest) = (self._decoupled(z, chosen) for z in (logits, targets))
        loss = self.alpha * divergence(teacher, student) + self.beta * divergence(teacher_rest, student_rest)
        return loss * self.temperature**2

    def _decoupled(self, logits: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        log_p = log_probabilities(logits, self.temperature)
        rest = torch.ones_like(log_p, dtype=torch.bool).scatter(1, chosen, value=False)
        others = log_p[rest].reshape(len(log_p), -1)
        binary = torch.cat([log_p.gather(1, chosen), others.logsumexp(dim=1, keepdim=True)], dim=1)
        return binary, functional.log_softmax(others, dim=1)
