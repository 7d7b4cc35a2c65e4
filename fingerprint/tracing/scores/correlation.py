"""Correlation: w = y without what the bias and the copies already named explain.

    w = y - N b,   b = argmin |y - N b|^2,   N = [2p - 1, c_1, ..., c_S]

In the first round with uniform codewords this is w = y, the score of `fingerprint.trace`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.tracing.bias import Bias


@dataclass(frozen=True, slots=True)
class Correlation:
    """Linear score; best when noise hides how many members there are.

    Example:
        >>> from fingerprint.tracing.bias import uniform
        >>> Correlation().weights(np.array([1.0, -2.0]), uniform(2), np.zeros((0, 2), np.int8)).tolist()
        [1.0, -2.0]
    """

    name: str = "correlation"

    def weights(self, evidence: NDArray[np.float64], bias: Bias, members: NDArray[np.int8]) -> NDArray[np.float64]:
        """w, (L,)."""
        return explained_away(evidence, [bias.mean, *members.astype(np.float64)])


def explained_away(evidence: NDArray[np.float64], causes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Evidence minus its least-squares fit by the causes; causes that are nought explain nothing."""
    present = [cause for cause in causes if cause.any()]
    if not present:
        return evidence
    design = np.stack(present, axis=1)
    found, *_ = np.linalg.lstsq(design, evidence, rcond=None)
    return np.asarray(evidence - design @ found)
