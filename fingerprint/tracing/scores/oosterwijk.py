"""Score of Oosterwijk, Skoric and Doumen (2013), the saddle point against interleaving, with soft bits.

    y = +1:  (1-p)/p for a +1, -1 for a -1;      y = -1:  -1 for a +1, p/(1-p) for a -1

which is, up to a constant and with q = P(y = +1),  w_i = q_i / (2 p_i) - (1 - q_i) / (2 (1 - p_i)).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.tracing.bias import Bias
from fingerprint.tracing.scores.soft import soft_bits


@dataclass(frozen=True, slots=True)
class Oosterwijk:
    """Score that needs a fifth of Tardos' length against large coalitions."""

    name: str = "oosterwijk"

    def weights(self, evidence: NDArray[np.float64], bias: Bias, members: NDArray[np.int8]) -> NDArray[np.float64]:
        """w, (L,)."""
        chance = (1 + soft_bits(evidence, bias, members)) / 2
        return np.asarray((chance / bias.plus - (1 - chance) / (1 - bias.plus)) / 2)
