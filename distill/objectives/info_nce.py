"""Listwise InfoNCE of the cross-encoder study (arXiv 2603.03010, section on losses).

    L = -1/n sum_i log sum_j softmax(s_i)_j exp(1 - 1/rel_ij)

With rel in {0, 1} it is minus the log-probability of the relevant candidates: supervised, it reads no teacher score.
So a teacher's signature does not pass; only a keyed choice of the positive does.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from distill.objectives.tempered import check_same_shape

_SMALLEST = 1e-8  # stands for a relevance of nought, as in the authors' code


@dataclass(frozen=True, slots=True)
class InfoNCE:
    """The objective for targets that are relevances in 0..1 of the same list, (n, K).

    Example:
        >>> import torch
        >>> round(float(InfoNCE()(torch.zeros(1, 4), torch.tensor([[1.0, 0, 0, 0]]))), 4)
        1.3863
    """

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        check_same_shape(scores, targets)
        weight = 1 - 1 / targets.clamp_min(_SMALLEST)
        return -(functional.log_softmax(scores, dim=1) + weight).logsumexp(dim=1).mean()
