"""Scoring N codewords against one evidence: t_d = <c_d, y> / |y|."""

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

_ROWS = 65_536  # rows converted to float at a time: 288 carriers take 75 MB


def scores(evidence: NDArray[np.float64], codewords: NDArray[np.int8]) -> NDArray[np.float64]:
    """t for every codeword, float64 (N,), each between -sqrt(L) and sqrt(L); zero evidence scores zero.

    Args:
        evidence: y, finite, (L,).
        codewords: int8 (N, L) of -1 and +1.

    Raises:
        ParameterError: lengths that differ, or evidence that is not finite.

    Example:
        >>> scores(np.array([3.0, -4.0]), np.array([[1, -1], [1, 1]], dtype=np.int8)).round(2).tolist()
        [1.4, -0.2]
    """
    if codewords.ndim != 2 or codewords.shape[1] != evidence.size:
        raise ParameterError(f"codewords of shape {codewords.shape} against evidence of {evidence.size} carriers")
    if not np.isfinite(evidence).all():
        raise ParameterError("the evidence holds NaN or infinity")
    size = float(np.linalg.norm(evidence))
    direction = evidence / size if size > 0 else np.zeros_like(evidence)
    rows = range(0, len(codewords), _ROWS)
    parts = [codewords[i : i + _ROWS].astype(np.float64) @ direction for i in rows]
    return np.concatenate(parts) if parts else np.zeros(0)
