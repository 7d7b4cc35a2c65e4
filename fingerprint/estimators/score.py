"""Efficient-score estimator, for probabilities and labels (Rao's score, one ridge-regularised Newton step).

The suspect's answer q_i is modelled as softmax(z_ref_i / tau + b + B Theta h_i). tau and b are fitted by likelihood at
Theta = 0, which gives p_i. Then

    s = (1/n) sum_i vec(B^T (q_i - p_i) h_i^T)
    F = (1/n) sum_i [B^T (diag p_i - p_i p_i^T) B] (x) [h_i h_i^T]
    Theta = (F + lambda mean(diag F) I)^(-1) s

lambda plays the precision of systematic differences between independently trained students. F is never formed: its
product with a direction costs O(n C k), and conjugate gradients need a few dozen of them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import log_softmax, softmax

from fingerprint.carriers import from_class_basis, to_class_basis

Floats = NDArray[np.float64]


def fit_calibration(answers: Floats, reference: Floats) -> tuple[float, Floats]:
    """1/tau and b that make softmax(z_ref / tau + b) likeliest for the answers q, tau > 0.

    Returns:
        1/tau between 1e-3 and 1e3, and b of shape (C,), summing to zero.
    """
    scale = float(reference.std()) or 1.0
    z = (reference - reference.mean(axis=1, keepdims=True)) / scale

    def loss(parameters: Floats) -> tuple[float, Floats]:
        inverse, bias = np.exp(parameters[0]), parameters[1:]
        logp = log_softmax(z * inverse + bias, axis=1)
        gap = (np.exp(logp) - answers) / len(z)
        gradient = np.concatenate([[inverse * (gap * z).sum()], gap.sum(axis=0)])
        return float(-(answers * logp).sum() / len(z) + 1e-8 * (bias @ bias)), gradient + np.r_[0.0, 2e-8 * bias]

    bounds = [(np.log(1e-3), np.log(1e3))] + [(-50.0, 50.0)] * z.shape[1]
    start = np.r_[np.log(scale), np.zeros(z.shape[1])].clip(np.log(1e-3), np.log(1e3))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    bias = np.asarray(found.x[1:])
    return float(np.exp(found.x[0]) / scale), bias - bias.mean()


def score_evidence(
    answers: Floats, *, features: Floats, reference: Floats, ridge: float, reported: NDArray[np.bool_] | None = None
) -> Floats:
    """Theta of the Newton step, float64 (C-1, k).

    Args:
        answers: q, (n, C), rows summing to one; one-hot for labels.
        features: h, (n, k).
        reference: z_ref, (n, C).
        ridge: lambda, positive.
        reported: (n, C), which entries of `answers` the suspect gave; None for all. The mass of the others is shared
            out as the fitted model shares it, so that they say nothing but their sum: the score of incomplete data is
            the mean score of the complete data given what was seen (Orchard and Woodbury 1972).
    """
    inverse, bias = fit_calibration(answers, reference)
    p = softmax(reference * inverse + bias, axis=1)
    if reported is not None and not reported.all():
        answers = _share_out(answers, p, reported)
        inverse, bias = fit_calibration(answers, reference)
        p = softmax(reference * inverse + bias, axis=1)
        answers = _share_out(answers, p, reported)
    score = to_class_basis(answers - p).T @ features / len(features)
    shape = score.shape
    damping = ridge * _mean_diagonal(p, features)
    if damping == 0.0:
        return np.zeros(shape)

    def product(direction: Floats) -> Floats:
        v = from_class_basis(features @ direction.reshape(shape).T)
        curved = p * (v - (p * v).sum(axis=1, keepdims=True))
        return np.asarray(
            (to_class_basis(curved).T @ features / len(features) + damping * direction.reshape(shape)).ravel()
        )

    operator = LinearOperator((score.size, score.size), matvec=product, dtype=np.float64)
    solution, _ = cg(operator, score.ravel(), rtol=1e-8, maxiter=1000)
    return np.asarray(solution).reshape(shape)


def _share_out(answers: Floats, p: Floats, reported: NDArray[np.bool_]) -> Floats:
    hidden = np.where(reported, 0.0, np.maximum(p, 1e-12))
    left = np.maximum(1.0 - np.where(reported, answers, 0.0).sum(axis=1, keepdims=True), 0.0)
    total = np.maximum(hidden.sum(axis=1, keepdims=True), 1e-300)  # rows that report every class hide nothing
    return np.where(reported, answers, left * hidden / total)


def _mean_diagonal(p: Floats, features: Floats) -> float:
    # trace of B^T (diag p - p p^T) B is 1 - |p|^2, for B spans the zero-sum space and the matrix has no common mode
    trace = (1.0 - (p * p).sum(axis=1)) * (features * features).sum(axis=1)
    return float(trace.mean() / ((p.shape[1] - 1) * features.shape[1]))
