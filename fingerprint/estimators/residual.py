"""Residual estimator, for answers that tell every class's log-probability.

1. Centre the log-probabilities: z = log p - mean.
2. Regress out an affine function of the reference z_ref (C x C matrix and bias): any temperature, class bias or prior
   correction that a thief applied is absorbed.
3. Weight the residual r_i by 1 / (|r_i| + median |r|): a few wild answers must not decide.
4. G = (1/n) sum_i w_i r_i h_i^T; the estimate is B^T G, (C-1, k).
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint.carriers import to_class_basis

Floats = NDArray[np.float64]


def residual_evidence(log_probabilities: Floats, *, features: Floats, reference: Floats) -> Floats:
    """B^T G of the residuals, float64 (C-1, k).

    Args:
        log_probabilities: (n, C) of the suspect.
        features: h, (n, k).
        reference: z_ref, (n, C).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> h, z = rng.normal(size=(500, 2)), rng.normal(size=(500, 3))
        >>> y = residual_evidence(z + 0.1 * h @ rng.normal(size=(2, 3)), features=h, reference=z)
        >>> y.shape
        (2, 2)
    """
    answers = to_class_basis(log_probabilities)
    design = np.column_stack([to_class_basis(reference), np.ones(len(reference))])
    fitted, *_ = np.linalg.lstsq(design, answers, rcond=None)
    residual = answers - design @ fitted
    size = np.linalg.norm(residual, axis=1)
    middle = float(np.median(size))
    if middle == 0.0:
        return np.zeros((answers.shape[1], features.shape[1]))
    weighted = residual / (size + middle)[:, None]
    return np.asarray(weighted.T @ features / len(features))
