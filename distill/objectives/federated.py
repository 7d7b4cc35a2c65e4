"""A server's distillation from its clients' scores (FedEMA-Distill, arXiv 2603.04422, known to us by its abstract).

    z(x) = Agg_k z_k(x)                                 mean, coordinate-wise median, or mean without the extremes
    L = T^2 KL( softmax(z / T) || softmax(z_student / T) )
    w_ema <- m w_ema + (1 - m) w                        after every round: `moved`

The form is inferred, and T, m and the share that is trimmed are common choices. A server that signs shifts z itself
and the whole signature arrives; of what one of M clients signs about 1/M does.
"""

import copy
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn

from distill.errors import SettingsError, ShapeError
from distill.objectives.hinton import HintonKD
from distill.objectives.tempered import check_positive


class Aggregation(StrEnum):
    """How a server makes one score of its clients'."""

    MEAN = "mean"
    MEDIAN = "median"
    TRIMMED = "trimmed"


@dataclass(frozen=True, slots=True)
class Federated:
    """The objective for targets that are the scores of M clients, (n, M, C).

    Attributes:
        aggregation: of the clients' scores, class by class.
        temperature: T > 0.
        trimmed: how many clients are left out at either end; for `trimmed` alone.

    Raises:
        SettingsError: T is not positive, or a negative number is trimmed.
        ShapeError: targets of another shape, or nobody left (when called).

    Example:
        >>> import torch
        >>> float(Federated()(torch.zeros(2, 3), torch.zeros(2, 5, 3)))
        0.0
    """

    aggregation: Aggregation = Aggregation.MEAN
    temperature: float = 4.0
    trimmed: int = 1

    def __post_init__(self) -> None:
        check_positive(temperature=self.temperature)
        if self.trimmed < 0:
            raise SettingsError(f"trimmed must not be negative, not {self.trimmed}")

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss averaged over the batch."""
        if targets.dim() != 3 or (targets.shape[0], targets.shape[2]) != tuple(logits.shape):
            raise ShapeError(f"targets {tuple(targets.shape)} for scores {tuple(logits.shape)}; need (n, M, C)")
        together = aggregate(targets, self.aggregation, trimmed=self.trimmed)
        return HintonKD(self.temperature)(logits, together)


def aggregate(scores: Tensor, how: Aggregation, *, trimmed: int = 1) -> Tensor:
    """Scores of M clients, (n, M, C), as one, (n, C).

    Raises:
        ShapeError: no client is left after trimming.

    Example:
        >>> import torch
        >>> three = torch.tensor([[[0.0], [1.0], [50.0]]])
        >>> [float(aggregate(three, how)) for how in Aggregation]
        [17.0, 1.0, 1.0]
    """
    clients = scores.shape[1]
    match how:
        case Aggregation.MEAN:
            return scores.mean(dim=1)
        case Aggregation.MEDIAN:
            return torch.quantile(scores, 0.5, dim=1)
        case Aggregation.TRIMMED:
            if clients <= 2 * trimmed:
                raise ShapeError(f"{clients} clients with {trimmed} trimmed at either end; nobody is left")
            return scores.sort(dim=1).values[:, trimmed : clients - trimmed].mean(dim=1)


def moved(average: nn.Module, latest: nn.Module, *, momentum: float = 0.9) -> nn.Module:
    """m w_ema + (1 - m) w, a new module; the two given are left as they are.

    Raises:
        SettingsError: m outside 0..1.

    Example:
        >>> a, b = nn.Linear(1, 1), nn.Linear(1, 1)
        >>> bool(moved(a, b, momentum=0.0).weight == b.weight)
        True
    """
    if not 0 <= momentum <= 1:
        raise SettingsError(f"momentum must be in 0..1, not {momentum}")
    found = copy.deepcopy(average)
    with torch.no_grad():
        for mine, theirs in zip(found.parameters(), latest.parameters(), strict=True):
            mine.lerp_(theirs, 1 - momentum)
    return found
