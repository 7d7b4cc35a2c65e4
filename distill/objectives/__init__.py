"""One file per objective; the catalogue names them.

An objective takes the student's scores over a finite set, (n, C), and targets: the teacher's scores over the same set,
class numbers (`cross_entropy`), both (`labelled`, `selective_repulsive`), relevances (`info_nce`), scores of several
clients (`federated`), or actions with their rewards beside the teacher's scores (`trrd`, `kdrl`). One conformance suite
runs over every row.
"""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from distill.objectives.adr_mse import ADRMSE
from distill.objectives.cross_entropy import CrossEntropy
from distill.objectives.dkd import DKD
from distill.objectives.federated import Federated
from distill.objectives.forward_kl import ForwardKL
from distill.objectives.hinton import HintonKD
from distill.objectives.info_nce import InfoNCE
from distill.objectives.jsd import JSD
from distill.objectives.kdrl import KDRL
from distill.objectives.labelled import Labelled, with_labels
from distill.objectives.ltkd import LTKD, groups_by_count
from distill.objectives.margin_mse import MarginMSE
from distill.objectives.mse import LogitMSE
from distill.objectives.rank_net import RankNet
from distill.objectives.reverse_kl import ReverseKL
from distill.objectives.selective_repulsive import SelectiveRepulsive, falling
from distill.objectives.standardised import StandardisedKD
from distill.objectives.trrd import TRRD, with_rollouts


class Objective(Protocol):
    """What the training loop minimises: the student's logits against targets, averaged over the batch."""

    def __call__(self, logits: Tensor, targets: Tensor, /) -> Tensor:
        """A scalar loss with gradient."""
        ...


CATALOGUE: dict[str, Callable[..., Objective]] = {
    "hinton": HintonKD,
    "cross_entropy": CrossEntropy,
    "dkd": DKD,
    "standardised": StandardisedKD,
    "forward_kl": ForwardKL,
    "reverse_kl": ReverseKL,
    "jsd": JSD,
    "mse": LogitMSE,
    "labelled": Labelled,
    "selective_repulsive": SelectiveRepulsive,
    "federated": Federated,
    "trrd": TRRD,
    "kdrl": KDRL,
    "ltkd": LTKD,
    "margin_mse": MarginMSE,
    "info_nce": InfoNCE,
    "rank_net": RankNet,
    "adr_mse": ADRMSE,
}

__all__ = [
    "ADRMSE",
    "CATALOGUE",
    "DKD",
    "JSD",
    "KDRL",
    "LTKD",
    "TRRD",
    "CrossEntropy",
    "Federated",
    "ForwardKL",
    "HintonKD",
    "InfoNCE",
    "Labelled",
    "LogitMSE",
    "MarginMSE",
    "Objective",
    "RankNet",
    "ReverseKL",
    "SelectiveRepulsive",
    "StandardisedKD",
    "falling",
    "groups_by_count",
    "with_labels",
    "with_rollouts",
]
