"""The regression estimator."""

import numpy as np
import pytest
from scipy.special import log_softmax

from fingerprint import seeds
from fingerprint.carriers import to_class_basis
from fingerprint.estimators.regression import regression_evidence

RNG = seeds.stream("tests", "regression")
E, Z = RNG.normal(size=(800, 6)), RNG.normal(size=(800, 4))
THETA = RNG.normal(size=(6, 4))
THETA -= THETA.mean(axis=1, keepdims=True)


def estimate(logits: np.ndarray, ridge: float = 1e-9) -> np.ndarray:
    """What the estimator makes of these logits."""
    return regression_evidence(log_softmax(logits, axis=1), expressed=E, reference=Z, ridge=ridge)


def test_a_minted_shift_comes_back_exactly():
    """Logits z + e Theta, at any temperature and with any class bias, give Theta back."""
    truth = to_class_basis(THETA).T
    assert estimate(Z + E @ THETA) == pytest.approx(truth, abs=1e-6)
    biased = estimate((Z + E @ THETA) / 3 + np.arange(4.0))
    assert biased == pytest.approx(truth / 3, abs=1e-6)


def test_the_ridge_shrinks():
    """A larger lambda gives a smaller estimate in nearly the same direction."""
    loose, tight = estimate(Z + E @ THETA), estimate(Z + E @ THETA, ridge=1.0)
    assert np.linalg.norm(tight) < np.linalg.norm(loose)
    assert (tight * loose).sum() > 0.99 * np.linalg.norm(tight) * np.linalg.norm(loose)


def test_the_base_itself_gives_no_evidence():
    """Answers that are the reference, or features that are nought, leave nothing to find."""
    assert not regression_evidence(np.zeros((800, 4)), expressed=E, reference=np.zeros((800, 4)), ridge=0.1).any()
    none = regression_evidence(log_softmax(Z + E @ THETA, axis=1), expressed=0 * E, reference=Z, ridge=0.1)
    assert not none.any()
