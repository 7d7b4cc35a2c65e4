"""The three estimators, from their formulas in `docs/scores.md`; neither can receive a codeword."""

import numpy as np
from numpy.typing import NDArray

from fingerprint.observation import Observation
from fingerprint.pool import REGRESSION, REGRESSION_RIDGE, RESIDUAL, Term
from fingerprint.replay.carriers import from_class_basis, to_class_basis
from fingerprint.replay.solvers import calibrate, conjugate_gradients
from fingerprint.softmax import softmax

Floats = NDArray[np.float64]


def estimate(
    term: Term, observation: Observation, rows: NDArray[np.intp], *, features: Floats, reference: Floats, ridge: float
) -> Floats:
    """One term's estimate, (C-1, k).

    Args:
        term: which estimator, at which temperature.
        observation: checked answers to all probes.
        rows: numbers of the n probes that the term reads.
        features: h or e of these, (n, k).
        reference: z_ref of these, (n, C).
        ridge: lambda of the score.
    """
    if term.estimator == RESIDUAL:
        return residual(observation.log_probabilities[rows], features, reference)
    if term.estimator == REGRESSION:
        return regression(observation.log_probabilities[rows], features, reference, REGRESSION_RIDGE)
    answers = observation.probabilities if term.temperature == 1 else observation.tempered(term.temperature)
    return score(answers[rows], observation.reported[rows], features, reference, ridge)


def regression(logp: Floats, features: Floats, reference: Floats, ridge: float) -> Floats:
    """Theta of a weighted ridge regression of the residuals on e, an affine function of z_ref taken out of both."""
    design = np.c_[to_class_basis(reference), np.ones(len(reference))]
    out = np.linalg.pinv(design)
    answers = to_class_basis(logp)
    left, own = answers - design @ (out @ answers), features - design @ (out @ features)
    length = np.sqrt((left * left).sum(axis=1))
    middle = float(np.median(length))
    weighted = own / (length + middle)[:, None] if middle else np.zeros_like(own)
    information = weighted.T @ own / len(own)
    damping = ridge * float(np.trace(information)) / len(information)
    if damping == 0.0:
        return np.zeros((answers.shape[1], features.shape[1]))
    return np.asarray(
        (np.linalg.inv(information + damping * np.eye(len(information))) @ weighted.T @ left / len(own)).T
    )


def residual(logp: Floats, features: Floats, reference: Floats) -> Floats:
    """B^T G: residuals of an affine fit on z_ref, weighted by 1 / (|r| + median |r|), against h."""
    answers = to_class_basis(logp)
    design = np.c_[to_class_basis(reference), np.ones(len(reference))]
    left = answers - design @ (np.linalg.pinv(design) @ answers)
    length = np.sqrt((left * left).sum(axis=1))
    middle = float(np.median(length))
    if middle == 0.0:
        return np.zeros((answers.shape[1], features.shape[1]))
    return np.asarray((left / (length + middle)[:, None]).T @ features / len(features))


def score(answers: Floats, reported: NDArray[np.bool_], features: Floats, reference: Floats, ridge: float) -> Floats:
    """(F + lambda mean(diag F) I)^(-1) s, what a suspect left out shared out as the fitted model shares it."""
    p = _fitted(answers, reference)
    if not reported.all():
        answers = _shared(answers, p, reported)
        p = _fitted(answers, reference)
        answers = _shared(answers, p, reported)
    count = len(features)
    gradient = to_class_basis(answers - p).T @ features / count
    spread = (1 - (p * p).sum(axis=1)) * (features * features).sum(axis=1)
    damping = ridge * float(spread.mean()) / gradient.size
    if damping == 0.0:
        return np.zeros(gradient.shape)

    def information(flat: Floats) -> Floats:
        theta = flat.reshape(gradient.shape)
        moved = from_class_basis(features @ theta.T)
        bent = p * (moved - (p * moved).sum(axis=1, keepdims=True))
        return np.asarray(to_class_basis(bent).T @ features / count + damping * theta).ravel()

    return conjugate_gradients(information, gradient.ravel()).reshape(gradient.shape)


def _fitted(answers: Floats, reference: Floats) -> Floats:
    inverse, bias = calibrate(answers, reference)
    return softmax(reference * inverse + bias)


def _shared(answers: Floats, p: Floats, reported: NDArray[np.bool_]) -> Floats:
    seen = np.where(reported, answers, 0.0)
    hidden = np.where(reported, 0.0, np.maximum(p, 1e-12))
    left = np.maximum(1.0 - seen.sum(axis=1, keepdims=True), 0.0)
    return np.asarray(seen + left * hidden / np.maximum(hidden.sum(axis=1, keepdims=True), 1e-300))
