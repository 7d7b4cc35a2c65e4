"""Scores of which only the k largest are kept, as large teachers' answers are stored.

    kept: the k most likely members of each row with their log-probabilities at T = 1; what they leave of the mass is
    spread evenly over the other C - k

Sign before storing, or after: the part of a signature outside the k is lost either way, and a student is pulled towards
what is kept alone. With a confident teacher k = 1 keeps almost nothing of it.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from distill.errors import ShapeError

_LEAST_LEFT = 1e-6  # mass that is always left to the others, so that no target is minus infinity


@dataclass(frozen=True, kw_only=True)
class TopK:
    """The stored form. Build it with `keep_top`.

    Attributes:
        members: numbers of the kept members, int64 (n, k).
        log_probabilities: of these, (n, k).
        size: C.
    """

    members: Tensor
    log_probabilities: Tensor
    size: int

    def scores(self) -> Tensor:
        """Log-probabilities of all members, (n, C), for every objective that takes a teacher's scores."""
        kept = self.log_probabilities.shape[1]
        left = (1 - self.log_probabilities.exp().sum(dim=1, keepdim=True)).clamp_min(_LEAST_LEFT)
        spread = (left / max(self.size - kept, 1)).log().expand(-1, self.size)
        return spread.scatter(1, self.members, self.log_probabilities)


def keep_top(scores: Tensor, k: int) -> TopK:
    """The k largest of each row.

    Args:
        scores: logits or log-probabilities, (n, C).
        k: 1..C.

    Raises:
        ShapeError: k out of range.

    Example:
        >>> import torch
        >>> keep_top(torch.tensor([[0.0, 3.0, 1.0]]), 2).members.tolist()
        [[1, 2]]
    """
    if scores.dim() != 2 or not 1 <= k <= scores.shape[1]:
        raise ShapeError(f"k = {k} of scores {tuple(scores.shape)}; need (n, C) and k between 1 and C")
    values, members = functional.log_softmax(scores, dim=1).topk(k, dim=1)
    return TopK(members=members, log_probabilities=values, size=scores.shape[1])
