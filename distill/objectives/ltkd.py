"""Balanced knowledge from a biased teacher (LTKD, arXiv 2506.18496).

Classes fall into groups G by their counts in the training data; p_G = sum of p over G, p~_G = p restricted to G and
renormalised. Identity: KL(pT || pS) = KL(pT_G || pS_G) + sum_G pT_G KL(p~T_G || p~S_G). A teacher trained on
long-tailed data gives the head groups too much mass, in both terms. So both are balanced:

    L = T^2 [ alpha KL(pT'_G || pS_G) + beta sum_G KL(p~T_G || p~S_G) ]
    pT'_G: pT_G of each row times (mean over groups of the batch's mass) / (the group's mass in the batch), renormalised

The paper's alpha, beta and T are not known to us; the defaults are common ones of distillation. The paper adds the
cross-entropy of true labels: wrap in `Labelled`. A signature passes within groups, and across groups where it varies
from row to row; a shift of a whole group that is the same on every row is taken out by the balancing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from distill.errors import SettingsError, ShapeError
from distill.objectives.tempered import check_positive, check_same_shape, divergence, log_probabilities


@dataclass(frozen=True, slots=True)
class LTKD:
    """The objective for targets that are the teacher's logits, (n, C).

    Attributes:
        groups: number of the group of each class, (C,), from 0, none left empty.
        alpha: weight across groups, > 0.
        beta: weight within groups, > 0.
        temperature: T > 0.

    Raises:
        SettingsError: a constant out of range, or groups that are not numbered from 0 without gaps.
        ShapeError: another number of classes than groups were given for (when called).

    Example:
        >>> import torch
        >>> float(LTKD((0, 0, 1, 1))(torch.zeros(2, 4), torch.zeros(2, 4)))
        0.0
    """

    groups: tuple[int, ...]
    alpha: float = 1.0
    beta: float = 1.0
    temperature: float = 4.0

    def __post_init__(self) -> None:
        check_positive(alpha=self.alpha, beta=self.beta, temperature=self.temperature)
        if not self.groups or set(self.groups) != set(range(max(self.groups) + 1)):
            raise SettingsError(f"groups {self.groups}: number them from 0 without gaps, one for each class")

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        check_same_shape(logits, targets)
        if logits.shape[1] != len(self.groups):
            raise ShapeError(f"{logits.shape[1]} classes, but groups of {len(self.groups)}")
        student, teacher = (log_probabilities(z, self.temperature) for z in (logits, targets))
        columns = [[c for c, g in enumerate(self.groups) if g == group] for group in range(max(self.groups) + 1)]
        student_mass, teacher_mass = (
            torch.stack([z[:, group].logsumexp(dim=1) for group in columns], dim=1) for z in (student, teacher)
        )
        across = divergence(balanced(teacher_mass), student_mass)
        within = [
            divergence(teacher[:, group].log_softmax(dim=1), student[:, group].log_softmax(dim=1)) for group in columns
        ]
        return (self.alpha * across + self.beta * torch.stack(within).sum()) * self.temperature**2


def balanced(log_mass: Tensor) -> Tensor:
    """log pT'_G, (n, G): each group's log-mass scaled so that the batch's masses are alike, rows renormalised."""
    return (log_mass - log_mass.logsumexp(dim=0, keepdim=True)).log_softmax(dim=1)


def groups_by_count(counts: tuple[int, ...]) -> tuple[int, ...]:
    """Head, medium and tail as groups 0, 1, 2: the most frequent 33 % of classes, the next 34 %, the rest.

    Example:
        >>> groups_by_count((50, 3, 20))
        (0, 2, 1)
    """
    order = sorted(range(len(counts)), key=lambda c: -counts[c])
    first, second = round(0.33 * len(counts)), round(0.67 * len(counts))
    place = {c: 0 if at < first else 1 if at < second else 2 for at, c in enumerate(order)}
    return tuple(place[c] for c in range(len(counts)))
