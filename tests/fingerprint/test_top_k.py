"""Answers that report only the likeliest classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from fingerprint import seeds
from fingerprint.errors import NotFinite, NotProbabilities, WrongShape
from fingerprint.estimators.score import score_evidence
from fingerprint.observation import Kind, observe


def top(probabilities: np.ndarray, k: int) -> np.ndarray:
    """The k largest of every row, zero elsewhere."""
    least = np.sort(probabilities, axis=1)[:, -k][:, None]
    return np.where(probabilities >= least, probabilities, 0.0)


def soft(*words: str, rows: int = 50, classes: int = 6) -> np.ndarray:
    """Random distributions, one a row."""
    return softmax(seeds.stream("tests", "top k", *words).normal(size=(rows, classes)) * 2, axis=1)


def test_unreported_mass_is_spread_evenly():
    """What two reported classes of four leave over is split between the other two."""
    seen = observe("top_k", [[0.5, 0.3, 0, 0], [0, 0, 0.25, 0.25]], probes=2, classes=4)
    assert seen.probabilities[0].tolist() == pytest.approx([0.5, 0.3, 0.1, 0.1])
    assert seen.reported.tolist() == [[True, True, False, False], [False, False, True, True]]


@given(k=st.integers(1, 6), seed=st.integers(0, 99))
def test_rows_are_distributions(k, seed):
    """However many classes are reported, probabilities are positive, sum to one and keep the reported order."""
    full = soft(str(seed))
    seen = observe("top_k", top(full, k), probes=50, classes=6)
    assert np.allclose(seen.probabilities.sum(axis=1), 1)
    assert (seen.probabilities > 0).all()
    assert (seen.probabilities.argmax(axis=1) == full.argmax(axis=1)).all()
    assert np.isfinite(seen.log_probabilities).all()


def test_all_classes_reported_is_the_same_as_probabilities():
    """A row that reports every class is an ordinary distribution."""
    full = soft("complete")
    a, b = (observe(kind, full, probes=50, classes=6) for kind in ("top_k", "probs"))
    assert np.allclose(a.probabilities, b.probabilities)
    assert a.digest != b.digest


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([[0.5, 0.6, 0, 0], [0.5, 0, 0, 0]], NotProbabilities),
        ([[0, 0, 0, 0], [0.5, 0, 0, 0]], NotProbabilities),
        ([[0.5, -0.1, 0, 0], [0.5, 0, 0, 0]], NotProbabilities),
        ([[0.2, 0.2, 0.2, 0.2], [0.5, 0, 0, 0]], NotProbabilities),
        ([[0.5, np.nan, 0, 0], [0.5, 0, 0, 0]], NotFinite),
        ([[0.5, 0.1, 0], [0.5, 0, 0]], WrongShape),
    ],
)
def test_malformed_answers_are_refused(answers, error):
    """Sums over one, silent rows, negatives, complete rows that do not sum to one, NaN and wrong widths are errors."""
    with pytest.raises(error):
        observe("top_k", answers, probes=2, classes=4)


def test_unreported_classes_say_only_their_sum():
    """The score of top-k answers does not depend on how the unreported mass is written down."""
    rng = seeds.stream("tests", "top k", "score")
    reference, features = rng.normal(size=(400, 5)), rng.normal(size=(400, 3))
    full = softmax(reference + features @ rng.normal(size=(3, 5)) * 0.3, axis=1)
    seen = observe("top_k", top(full, 2), probes=400, classes=5)
    evidence = [
        score_evidence(answers, features=features, reference=reference, ridge=0.3, reported=seen.reported)
        for answers in (seen.probabilities, full)
    ]
    assert np.linalg.norm(evidence[0] - evidence[1]) < 0.05 * np.linalg.norm(evidence[1])


def test_more_reported_classes_point_nearer_to_the_complete_evidence():
    """Evidence from the top 1, 2 and 4 of six classes grows in correlation with that from all of them."""
    rng = seeds.stream("tests", "top k", "order")
    reference, features = rng.normal(size=(2000, 6)), rng.normal(size=(2000, 4))
    full = softmax(reference + features @ rng.normal(size=(4, 6)) * 0.2, axis=1)
    whole = score_evidence(full, features=features, reference=reference, ridge=0.3).ravel()
    found = []
    for k in (1, 2, 4):
        seen = observe(Kind.TOP_K, top(full, k), probes=2000, classes=6)
        part = score_evidence(
            seen.probabilities, features=features, reference=reference, ridge=0.3, reported=seen.reported
        ).ravel()
        found.append(float(whole @ part / np.linalg.norm(whole) / np.linalg.norm(part)))
    assert found == sorted(found)
    assert found[-1] > 0.9
