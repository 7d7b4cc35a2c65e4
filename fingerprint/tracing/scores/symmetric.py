"""Symmetric Tardos score (Skoric, Katzenbeisser, Celik 2008), with soft bits.

    y = +1:  sqrt((1-p)/p) for a +1,  -sqrt(p/(1-p)) for a -1;      y = -1: the mirror image

which is, up to a constant, w_i = y_i / (2 sqrt(p_i (1 - p_i))): a rare bit weighs more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.tracing.bias import Bias
from fingerprint.tracing.scores.soft import soft_bits


@dataclass(frozen=True, slots=True)
class Symmetric:
    """Score that treats +1 and -1 alike; good against every attack, best against none."""

    name: str = "symmetric"

    def weights(self, evidence: NDArray[np.float64], bias: Bias, members: NDArray[np.int8]) -> NDArray[np.float64]:
        """w, (L,)."""
        return np.asarray(soft_bits(evidence, bias, members) / np.sqrt(bias.variance))
