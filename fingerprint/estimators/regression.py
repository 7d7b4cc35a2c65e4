"""Regression estimator, for log-probabilities of copies minted from a base: what the base can express, solved for.

A minted copy's last layer reads features g of the base, so its shift is S_d e(x), e(x) = [g(x) 1] A: the base's own
approximation of h. Correlating with h instead loses what A misses. With u_i = w_i (residual of e_i on [z_ref 1]) and
weights w_i = 1 / (|r_i| + median |r|) as in the residual estimator,

    Theta = argmin sum_i w_i |r_i - Theta e_i|^2 + lambda mean(diag F) |Theta|^2,   F = (1/n) sum_i w_i e_i e_i^T

An untouched minted copy gives Theta = S_d exactly, but for the few directions that an affine function of z_ref spans.
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint.carriers import to_class_basis

Floats = NDArray[np.float64]


def regression_evidence(log_probabilities: Floats, *, expressed: Floats, reference: Floats, ridge: float) -> Floats:
    """B^T Theta, float64 (C-1, k).

    Args:
        log_probabilities: (n, C) of the suspect.
        expressed: e, (n, k).
        reference: z_ref, (n, C), of the minting base.
        ridge: lambda, positive.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> e, z, theta = rng.normal(size=(500, 2)), rng.normal(size=(500, 3)), rng.normal(size=(2, 3))
        >>> theta -= theta.mean(axis=1, keepdims=True)
        >>> found = regression_evidence(z + e @ theta, expressed=e, reference=z, ridge=1e-9)
        >>> bool(np.allclose(found, to_class_basis(theta).T, atol=1e-6))
        True
    """
    answers = to_class_basis(log_probabilities)
    design = np.column_stack([to_class_basis(reference), np.ones(len(reference))])
    size = len(answers[0])
    fitted, *_ = np.linalg.lstsq(design, np.column_stack([answers, expressed]), rcond=None)
    left = np.column_stack([answers, expressed]) - design @ fitted
    residual, own = left[:, :size], left[:, size:]
    length = np.linalg.norm(residual, axis=1)
    middle = float(np.median(length))
    if middle == 0.0:
        return np.zeros((size, expressed.shape[1]))
    weighted = own / (length + middle)[:, None]
    information = weighted.T @ own / len(own)
    damping = ridge * float(np.diag(information).mean())
    if damping == 0.0:
        return np.zeros((size, expressed.shape[1]))
    damped = information + damping * np.eye(len(information))
    return np.asarray(np.linalg.solve(damped, weighted.T @ residual / len(own)).T)
