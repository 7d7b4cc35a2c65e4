"""RankNet against a teacher's order (Burges et al. 2005; as distillation in arXiv 2603.03010).

    L = mean over pairs with t_i > t_j of log(1 + exp(-(s_i - s_j)))

It reads the order of the teacher's scores and nothing else.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from distill.objectives.tempered import check_same_shape


@dataclass(frozen=True, slots=True)
class RankNet:
    """The objective for targets that are the teacher's scores of the same list, (n, K).

    Example:
        >>> import torch
        >>> round(float(RankNet()(torch.zeros(1, 3), torch.tensor([[3.0, 2.0, 1.0]]))), 4)
        0.6931
    """

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the ordered pairs; nought when the teacher ties everything."""
        check_same_shape(scores, targets)
        ordered = (targets[:, :, None] > targets[:, None, :]).to(scores)
        losses = functional.softplus(scores[:, None, :] - scores[:, :, None])
        return (losses * ordered).sum() / ordered.sum().clamp_min(1)
