"""Every way in which a coalition mixes its copies, by name, for any number of members."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from distill.transforms.average import AverageOutputs
from distill.transforms.average_weights import average_weights
from distill.transforms.mean_probabilities import MeanProbabilities
from distill.transforms.order_statistics import OrderStatistics, Pick
from distill.transforms.switch_copies import SwitchCopies

Mix = Callable[[Sequence[nn.Module]], nn.Module]

COALITIONS: dict[str, Mix] = {
    "average": AverageOutputs,
    "mean probabilities": MeanProbabilities,
    "weight average": average_weights,
    "median": partial(OrderStatistics, pick=Pick.MEDIAN),
    "least": partial(OrderStatistics, pick=Pick.LEAST),
    "greatest": partial(OrderStatistics, pick=Pick.GREATEST),
    "midrange": partial(OrderStatistics, pick=Pick.MIDRANGE),
    "switching": partial(SwitchCopies, seed=("coalition",)),
}
