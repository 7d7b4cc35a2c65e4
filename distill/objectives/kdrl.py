"""KDRL, reinforcement with a teacher beside it: the baseline of RLAD (arXiv 2602.22495, section on baselines).

    L = L_GRPO + beta KL(pi_S || pi_T)

`TRRD` at alpha = 1, with the teacher where GRPO has its reference policy. The divergence reads all of the teacher's
scores at every state, whatever the rewards are, so a signature passes as under reverse KL.
"""

from dataclasses import dataclass

from torch import Tensor

from distill.objectives.reverse_kl import ReverseKL
from distill.objectives.tempered import check_positive
from distill.objectives.trrd import TRRD


@dataclass(frozen=True, slots=True)
class KDRL:
    """The objective for targets of `with_rollouts`, (n, 2 C + 2 G).

    Attributes:
        beta: weight of the divergence from the teacher, > 0; ours, for the papers' is not known to us.

    Raises:
        SettingsError: beta is not positive and finite.
        ShapeError: targets of another width (when called).

    Example:
        >>> import torch
        >>> from distill.objectives.trrd import with_rollouts
        >>> flat = torch.zeros(1, 2)
        >>> targets = with_rollouts(flat, flat, torch.tensor([[0, 1]]), torch.tensor([[1.0, 0.0]]))
        >>> abs(round(float(KDRL()(flat, targets)), 4))
        0.0
    """

    beta: float = 1.0

    def __post_init__(self) -> None:
        check_positive(beta=self.beta)

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        reward = TRRD(alpha=1.0)(logits, targets)
        return reward + self.beta * ReverseKL()(logits, targets[:, : logits.shape[1]])
