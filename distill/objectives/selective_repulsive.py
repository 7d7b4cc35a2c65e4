"""Selective repulsive distillation of two towers (MobileFetalCLIP, arXiv 2603.05421; its third version says DARK).

A batch of n pairs gives similarities of n images to their n texts, the pair itself on the diagonal:

    p = softmax(t / T), q = softmax(s)                          t, s: scaled similarities of teacher and student
    L_diag = -1/n sum_i p_ii log q_ii,   L_off = -1/n sum_{i, j != i} p_ij log q_ij
    L = w_clip L_CLIP + w_diag L_diag + beta L_off              L_CLIP = -1/n sum_i log q_ii

each the mean of image to text (over rows) and text to image (over columns). T softens the teacher alone, and nothing
is renormalised, so that the terms at weight one make up the coupled loss. beta falls through nought to repulsion,
beta(t) = beta_0 (1 - t (1 - r)), t = 0..1: `falling`. The authors take T = 5, beta_0 = 2, r = -0.4.

Off the diagonal the pull of a signature has the sign of beta: repulsion takes it out, and would turn it round.
With beta < 0 the loss has no lower bound as the student's scale grows: clamp it (`distill.towers.TwoTowers`).
"""

import math
from dataclasses import dataclass, replace

from torch import Tensor

from distill.errors import SettingsError, ShapeError
from distill.objectives.tempered import check_positive, check_same_shape, log_probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectiveRepulsive:
    """The objective for targets (n, C + 1): the teacher's similarities to all C texts, then the number of the pair's.

    Attributes:
        off_weight: beta; negative to repel.
        diagonal_weight: w_diag.
        clip_weight: w_clip.
        temperature: T > 0, of the teacher.

    Raises:
        SettingsError: a weight that is not finite, or T that is not positive.
        ShapeError: targets of another width than C + 1 (when called).

    Example:
        >>> import torch
        >>> from distill.objectives import with_labels
        >>> targets = with_labels(torch.zeros(2, 3), torch.tensor([0, 2]))
        >>> round(float(SelectiveRepulsive(off_weight=0.0, diagonal_weight=0.0)(torch.zeros(2, 3), targets)), 4)
        0.6931
    """

    off_weight: float = 2.0
    diagonal_weight: float = 1.0
    clip_weight: float = 1.0
    temperature: float = 5.0

    def __post_init__(self) -> None:
        check_positive(temperature=self.temperature)
        for name in ("off_weight", "diagonal_weight", "clip_weight"):
            if not math.isfinite(getattr(self, name)):
                raise SettingsError(f"{name} must be finite, not {getattr(self, name)}")

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch and both directions."""
        if targets.dim() != 2 or targets.shape[1] != logits.shape[1] + 1:
            raise ShapeError(f"targets {tuple(targets.shape)} for {logits.shape[1]} texts; use `with_labels`")
        texts = targets[:, -1].long()
        student, teacher = logits[:, texts], targets[:, :-1][:, texts]
        return (self._one_way(student, teacher) + self._one_way(student.T, teacher.T)) / 2

    def _one_way(self, student: Tensor, teacher: Tensor) -> Tensor:
        check_same_shape(student, teacher)
        log_q = log_probabilities(student, 1.0)
        entries = log_probabilities(teacher, self.temperature).exp() * log_q
        diagonal = entries.diagonal().sum()
        total = self.clip_weight * log_q.diagonal().sum() + self.diagonal_weight * diagonal
        return -(total + self.off_weight * (entries.sum() - diagonal)) / len(student)

    def coupled(self) -> "SelectiveRepulsive":
        """The same with the diagonal at the weight of the rest, whatever its sign."""
        return replace(self, diagonal_weight=self.off_weight)


def falling(progress: float, *, start: float = 2.0, ratio: float = -0.4) -> float:
    """beta at this share of the training: beta_0 (1 - t (1 - r)), t held in 0..1.

    Example:
        >>> falling(0.0), round(falling(1 / 1.4), 12), round(falling(2.0), 12)
        (2.0, 0.0, -0.8)
    """
    return start * (1 - min(max(progress, 0.0), 1.0) * (1 - ratio))
