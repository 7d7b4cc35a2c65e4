"""softmax and its logarithms along the rows of a matrix, by numpy alone, so that reading answers needs nothing else."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def logsumexp(values: Floats) -> Floats:
    """log sum_j exp(v_ij), (n,), for finite values.

    Example:
        >>> logsumexp(np.array([[1000.0, 1000.0]])).round(3).tolist()
        [1000.693]
    """
    top = values.max(axis=1)
    return np.asarray(top + np.log(np.exp(values - top[:, None]).sum(axis=1)))


def log_softmax(values: Floats) -> Floats:
    """v_ij - log sum_j exp(v_ij), (n, C), for finite values."""
    shifted = values - values.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def softmax(values: Floats) -> Floats:
    """exp(v_ij) / sum_j exp(v_ij), (n, C), for finite values.

    Example:
        >>> softmax(np.array([[0.0, 0.0], [5000.0, 0.0]])).tolist()
        [[0.5, 0.5], [1.0, 0.0]]
    """
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
