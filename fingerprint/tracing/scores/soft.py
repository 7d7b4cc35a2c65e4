"""Soft bits: evidence on the scale of a codeword, clipped to -1..1, as the scores made for hard bits want it."""

import numpy as np
from numpy.typing import NDArray

from fingerprint.tracing import mixture
from fingerprint.tracing.bias import Bias
from fingerprint.tracing.scores.correlation import explained_away


def soft_bits(evidence: NDArray[np.float64], bias: Bias, members: NDArray[np.int8]) -> NDArray[np.float64]:
    """2 P(bit i is +1) - 1 in -1..1: y over its fitted strength, what named copies explain taken out, clipped.

    Example:
        >>> from fingerprint.tracing.bias import uniform
        >>> soft_bits(np.array([3.0, -3.0, 3.0, -3.0]), uniform(4), np.zeros((0, 4), np.int8)).round(2).tolist()
        [1.0, -1.0, 1.0, -1.0]
    """
    if not evidence.any():
        return evidence
    strength = mixture.fit(evidence, bias, members).strength
    rest = explained_away(evidence, list(members.astype(np.float64)))
    return np.clip(rest / strength, -1.0, 1.0)
