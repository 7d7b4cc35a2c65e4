"""A suspect's answers: every wrong one has its own error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from fingerprint import errors, seeds
from fingerprint.observation import Kind, observe

N, C = 20, 4
LOGITS = seeds.stream("tests", "answers").normal(size=(N, C))
PROBS = softmax(LOGITS, axis=1)


def with_value(array, value, row=7):
    """The array with one entry replaced."""
    changed = np.array(array, dtype=float)
    changed[(row, 1) if changed.ndim == 2 else row] = value
    return changed


BAD = {
    "no such kind": ("scores", LOGITS, errors.UnknownKind),
    "flat logits": ("logits", LOGITS.ravel(), errors.WrongShape),
    "a class too few": ("probs", PROBS[:, :3], errors.WrongShape),
    "three axes": ("logits", LOGITS[None], errors.WrongShape),
    "ragged": ("logits", [[1.0, 2.0], [1.0]], errors.WrongShape),
    "text": ("logits", [["a"] * C] * N, errors.WrongShape),
    "complex": ("logits", LOGITS + 1j, errors.WrongShape),
    "one-hot as labels": ("labels", np.eye(C)[[0] * N], errors.WrongShape),
    "an answer too few": ("logits", LOGITS[1:], errors.ProbeCountMismatch),
    "an answer too many": ("labels", np.r_[LOGITS.argmax(1), 0], errors.ProbeCountMismatch),
    "nan": ("logits", with_value(LOGITS, np.nan), errors.NotFinite),
    "infinite": ("logprobs", with_value(log_softmax(LOGITS, axis=1), -np.inf), errors.NotFinite),
    "nan label": ("labels", with_value(LOGITS.argmax(1), np.nan), errors.NotFinite),
    "negative": ("probs", with_value(PROBS, -0.1), errors.NotProbabilities),
    "over one": ("probs", with_value(PROBS, 1.5), errors.NotProbabilities),
    "percent": ("probs", 100 * PROBS, errors.NotProbabilities),
    "logits as logprobs": ("logprobs", LOGITS, errors.NotProbabilities),
    "huge logprobs": ("logprobs", LOGITS * 1e300, errors.NotProbabilities),
    "label C": ("labels", with_value(LOGITS.argmax(1), C), errors.LabelOutOfRange),
    "label -1": ("labels", with_value(LOGITS.argmax(1), -1), errors.LabelOutOfRange),
    "half a label": ("labels", with_value(LOGITS.argmax(1), 0.5), errors.LabelOutOfRange),
    "constant logits": ("logits", np.tile(LOGITS[0], (N, 1)), errors.ConstantOutputs),
    "constant labels": ("labels", np.ones(N, dtype=int), errors.ConstantOutputs),
}


@pytest.mark.parametrize("name", BAD)
def test_each_wrong_answer_has_its_own_error(name):
    """The error is the right one and its message is one line."""
    kind, answers, expected = BAD[name]
    with pytest.raises(expected) as caught:
        observe(kind, answers, probes=N, classes=C)
    assert type(caught.value) is expected
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "answers"),
    [("logits", LOGITS), ("logprobs", log_softmax(LOGITS, axis=1)), ("probs", PROBS), ("labels", LOGITS.argmax(1))],
)
def test_right_answers_are_taken(kind, answers):
    """Each kind; probabilities come out the same from logits, log-probabilities and probabilities."""
    seen = observe(kind, answers, probes=N, classes=C)
    assert (seen.kind, seen.count, seen.classes) == (Kind(kind), N, C)
    expected = np.eye(C)[answers] if kind == "labels" else PROBS
    assert np.allclose(seen.probabilities, expected, atol=1e-6)
    if kind != "labels":
        assert np.allclose(seen.log_probabilities, np.log(PROBS), atol=1e-5)


def test_labels_have_no_log_probabilities():
    """Asking for them is an error, not a row of infinities."""
    with pytest.raises(errors.UnknownKind):
        _ = observe("labels", LOGITS.argmax(1), probes=N, classes=C).log_probabilities


@given(st.integers(2, 6))
def test_rounded_probabilities_are_taken(digits):
    """Answers rounded to two digits or more are probabilities still."""
    seen = observe("probs", np.round(PROBS, digits), probes=N, classes=C)
    assert np.isfinite(seen.log_probabilities).all()


def test_the_digest_covers_kind_shape_and_values():
    """Another kind, value or number of classes is another observation; the array's type and order are not."""
    base = observe("logits", LOGITS, probes=N, classes=C).digest
    logp = log_softmax(LOGITS, axis=1)
    assert observe("logits", np.asfortranarray(LOGITS), probes=N, classes=C).digest == base
    assert observe("logits", with_value(LOGITS, 0.1), probes=N, classes=C).digest != base
    assert observe("logits", logp, probes=N, classes=C).digest != observe("logprobs", logp, probes=N, classes=C).digest
    labels = LOGITS.argmax(1)
    digests = {observe("labels", labels.astype(t), probes=N, classes=C).digest for t in ("int8", "int64", "float32")}
    assert len(digests) == 1
    assert observe("labels", labels, probes=N, classes=C + 1).digest not in digests


def test_the_answers_cannot_be_changed_afterwards():
    """The observation is frozen, and it does not alias the caller's array."""
    mine = LOGITS.copy()
    seen = observe("logits", mine, probes=N, classes=C)
    mine[0] = 9
    assert np.array_equal(seen.values, LOGITS)
    with pytest.raises(ValueError, match="read-only"):
        seen.values[0] = 1
