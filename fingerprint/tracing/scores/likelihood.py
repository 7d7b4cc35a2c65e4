"""Log-likelihood ratio of membership, with soft bits and re-scoring given the copies already named.

    w_i = (1/2) log [ P(y_i | c_i = +1) / P(y_i | c_i = -1) ]

under the mixture fitted to the evidence (`fingerprint.tracing.mixture`): a candidate's bit is one of the K - S copies
not yet named, the others are binomial. By Neyman and Pearson no score separates members from others better where the
mixture is true; where it is not, the bound holds all the same, for w never sees the candidate's codeword.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from fingerprint.tracing import mixture
from fingerprint.tracing.bias import Bias


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Soft LLR; grows most over the others when little noise lets the members be counted."""

    name: str = "llr"

    def weights(self, evidence: NDArray[np.float64], bias: Bias, members: NDArray[np.int8]) -> NDArray[np.float64]:
        """w, (L,)."""
        if not evidence.any():
            return evidence
        found = mixture.fit(evidence, bias, members)
        levels, prior = mixture.mixing_levels(bias, members, found.size, taken=1)
        plus, minus = (
            logsumexp(prior - 0.5 * ((evidence[:, None] - found.strength * x) / found.noise) ** 2, axis=1)
            for x in (levels + 1 / found.size, levels - 1 / found.size)
        )
        return np.asarray((plus - minus) / 2)
