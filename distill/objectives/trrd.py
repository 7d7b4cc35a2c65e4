"""Trust-region ratio distillation of a policy (RLAD, arXiv 2602.22495, equation 3), GRPO at alpha = 1.

A group of G actions is drawn from pi_old at one state, and a rule rewards each:

    log r = alpha (log pi_S - log pi_old) + (1 - alpha) c(log pi_S - log pi_T)     c: clamped to -1..1 (appendix B)
    A = (reward - mean of the group) / (its deviation), nought where all rewards are the same
    L = -mean over the group of min(r A, clip(r, 1 - low, 1 + high) A)

for sequences of one token. The paper adds -beta KL(pi_S || pi_ref) to what is maximised; its reference is left out here
(`KDRL` puts the teacher in that place). Only log pi_T of the actions drawn is read, and only where rewards differ: a
signature is written among actions that are rewarded alike, by how far they were drawn. At alpha = 1 nothing is read.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from distill.errors import SettingsError, ShapeError
from distill.objectives.tempered import log_probabilities


@dataclass(frozen=True, slots=True)
class TRRD:
    """The objective for targets of `with_rollouts`, (n, 2 C + 2 G).

    Attributes:
        alpha: share of the old policy in the ratio, 0..1; 1 is GRPO.
        low, high: how far the ratio may go below and above one, 0..1.

    Raises:
        SettingsError: a constant out of range.
        ShapeError: targets of another width (when called).

    Example:
        >>> import torch
        >>> flat = torch.zeros(1, 2)
        >>> targets = with_rollouts(flat, flat, torch.tensor([[0, 1]]), torch.tensor([[1.0, 0.0]]))
        >>> abs(round(float(TRRD()(flat, targets)), 4))
        0.0
    """

    alpha: float = 0.5
    low: float = 0.2
    high: float = 0.28

    def __post_init__(self) -> None:
        for name in ("alpha", "low", "high"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name} must be in 0..1, not {getattr(self, name)}")

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        teacher, old, actions, rewards = _parts(logits, targets)
        student, before, taught = (log_probabilities(z, 1.0).gather(1, actions) for z in (logits, old, teacher))
        ratio = (self.alpha * (student - before) + (1 - self.alpha) * (student - taught).clamp(-1, 1)).exp()
        gain = advantages(rewards)
        return -torch.minimum(ratio * gain, ratio.clamp(1 - self.low, 1 + self.high) * gain).mean()


def advantages(rewards: Tensor) -> Tensor:
    """A, (n, G): each group's rewards standardised; nought where all are the same.

    Example:
        >>> import torch
        >>> advantages(torch.tensor([[1.0, 0.0], [1.0, 1.0]])).tolist()
        [[1.0, -1.0], [0.0, 0.0]]
    """
    deviation = rewards.std(dim=1, keepdim=True, correction=0)
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    return torch.where(deviation > 0, centred / deviation.clamp_min(1e-12), torch.zeros_like(rewards))


def with_rollouts(teacher: Tensor, old: Tensor, actions: Tensor, rewards: Tensor) -> Tensor:
    """Targets: scores of teacher and old policy (n, C), numbers and rewards of the actions drawn (n, G)."""
    return torch.cat([teacher, old, actions.to(teacher), rewards.to(teacher)], dim=1)


def _parts(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    size = logits.shape[1]
    drawn = targets.shape[-1] - 2 * size
    if targets.dim() != 2 or len(targets) != len(logits) or drawn < 2 or drawn % 2:
        raise ShapeError(f"targets {tuple(targets.shape)} for scores {tuple(logits.shape)}; use `with_rollouts`")
    teacher, old, actions, rewards = torch.split(targets, [size, size, drawn // 2, drawn // 2], dim=1)
    return teacher, old, actions.long(), rewards
