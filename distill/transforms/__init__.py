"""What may happen to a copy after it leaked: one file per attack or compression, each model -> model.

`CATALOGUE` names them all in one form, (copies, a thief's means) -> model, for the survival table.
"""

from distill.transforms.average import AverageOutputs
from distill.transforms.average_weights import average_weights
from distill.transforms.base import Attack, Means, Transform
from distill.transforms.calibrate import Calibrated, fit_bias, match_prior
from distill.transforms.catalogue import CATALOGUE, attack
from distill.transforms.extract import extract
from distill.transforms.finetune import finetune
from distill.transforms.noise import NoisyAnswers
from distill.transforms.overwrite import overwrite
from distill.transforms.prune import prune
from distill.transforms.quantise import quantise
from distill.transforms.redistil import redistil
from distill.transforms.reinitialise import from_scratch, new_head, new_upper_layers
from distill.transforms.rounding import RoundedAnswers
from distill.transforms.smoothing import SmoothedAnswers
from distill.transforms.top_only import TopOnly

__all__ = [
    "CATALOGUE",
    "Attack",
    "AverageOutputs",
    "Calibrated",
    "Means",
    "NoisyAnswers",
    "RoundedAnswers",
    "SmoothedAnswers",
    "TopOnly",
    "Transform",
    "attack",
    "average_weights",
    "extract",
    "finetune",
    "fit_bias",
    "from_scratch",
    "match_prior",
    "new_head",
    "new_upper_layers",
    "overwrite",
    "prune",
    "quantise",
    "redistil",
]
