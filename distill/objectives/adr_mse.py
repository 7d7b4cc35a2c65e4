"""ADR-MSE: a soft rank against the teacher's rank, discounted (as given in arXiv 2603.03010).

    r^_i = 1 + sum_{j != i} sigmoid((s_j - s_i) / tau),   L = 1/(n K) sum (r^_i - r_i)^2 / log2(r_i + 1)

r_i = 1 for the teacher's best. It reads the order of the teacher's scores and nothing else.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from distill.objectives.tempered import check_positive, check_same_shape


@dataclass(frozen=True, slots=True)
class ADRMSE:
    """The objective for targets that are the teacher's scores of the same list, (n, K).

    Attributes:
        temperature: tau > 0 of the soft rank.

    Raises:
        SettingsError: tau is not positive and finite.

    Example:
        >>> float(ADRMSE()(torch.tensor([[90.0, 0.0]]), torch.tensor([[2.0, 1.0]])))
        0.0
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_positive(temperature=self.temperature)

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch and the list."""
        check_same_shape(scores, targets)
        before = torch.sigmoid((scores[:, None, :] - scores[:, :, None]) / self.temperature)
        soft = 0.5 + before.sum(dim=2)  # the diagonal adds one half
        rank = 1 + (targets[:, None, :] > targets[:, :, None]).to(scores).sum(dim=2)
        return ((soft - rank).square() / torch.log2(rank + 1)).mean()
