"""What answers look like, to be stated and confirmed by a person: the verdict rests on the kind that is declared."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from fingerprint.observation import PROBABILITY_TOLERANCE, Kind


def kind_of(answers: NDArray[Any]) -> Kind:
    """The kind that the numbers fit: labels, probabilities, top-k probabilities, log-probabilities, else logits.

    Example:
        >>> kind_of(np.array([2, 0, 1])).value, kind_of(np.array([[0.9, 0.1], [0.2, 0.8]])).value
        ('labels', 'probs')
    """
    if answers.ndim < 2:
        return Kind.LABELS
    values = answers.astype(np.float64)
    sums = values.sum(axis=1)
    if values.min() >= 0 and values.max() <= 1 and sums.max() <= 1 + PROBABILITY_TOLERANCE:
        return Kind.PROBS if np.abs(sums - 1).max() <= PROBABILITY_TOLERANCE else Kind.TOP_K
    if values.max() <= 0 and np.abs(np.exp(logsumexp(values, axis=1)) - 1).max() <= PROBABILITY_TOLERANCE:
        return Kind.LOGPROBS
    return Kind.LOGITS
