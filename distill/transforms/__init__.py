"""What may happen to a copy after it leaked: one file per attack or compression, each model -> model."""

from distill.transforms.average import AverageOutputs
from distill.transforms.finetune import finetune
from distill.transforms.quantise import quantise
from distill.transforms.redistil import redistil

__all__ = ["AverageOutputs", "finetune", "quantise", "redistil"]
