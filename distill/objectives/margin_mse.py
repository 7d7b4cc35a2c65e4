"""MarginMSE (Hofstaetter et al. 2020, arXiv 2010.02666): a ranker learns the teacher's margins.

    L = 1/(n (K - 1)) sum_i sum_j ( (s_i0 - s_ij) - (t_i0 - t_ij) )^2,   j = 1..K-1

Scores over a list of K candidates; the first is the positive. Of the losses of rankers here the only one that reads the
size of the teacher's scores, so the only one that a signature passes which leaves the order alone.
"""

from dataclasses import dataclass

from torch import Tensor

from distill.objectives.tempered import check_same_shape


@dataclass(frozen=True, slots=True)
class MarginMSE:
    """The objective for targets that are the teacher's scores of the same list, (n, K).

    Example:
        >>> import torch
        >>> float(MarginMSE()(torch.tensor([[2.0, 0.0]]), torch.tensor([[8.0, 5.0]])))
        1.0
    """

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch and the negatives."""
        check_same_shape(scores, targets)
        away = scores - targets
        return (away[:, :1] - away[:, 1:]).square().mean()
