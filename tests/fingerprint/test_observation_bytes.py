"""Answers as bytes: read back exactly, and nothing else is read."""

import hashlib

import numpy as np
import pytest

from fingerprint import seeds
from fingerprint.errors import CanonicalMalformed, FingerprintError
from fingerprint.observation import Kind, observe
from fingerprint.observation_bytes import read_observation

RNG = seeds.stream("tests", "observation bytes")
LOGITS = RNG.normal(size=(7, 3))
PROBS = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
ANSWERS = {
    "logits": LOGITS,
    "logprobs": np.log(PROBS),
    "probs": PROBS,
    "top_k": np.where(PROBS.max(axis=1, keepdims=True) <= PROBS, PROBS, 0),
    "labels": LOGITS.argmax(axis=1),
}


@pytest.mark.parametrize("kind", list(Kind))
def test_round_trip(kind):
    """Bytes give the observation back, and their SHA-256 is its digest."""
    made = observe(kind, ANSWERS[kind], probes=7, classes=3)
    data = made.to_bytes()
    read = read_observation(data, probes=7, classes=3)
    assert read.kind == kind
    assert (read.values == made.values).all()
    assert read.to_bytes() == data
    assert made.digest == "sha256:" + hashlib.sha256(data).hexdigest()


def test_every_shortening_and_lengthening_is_refused():
    """No prefix and no extension of the bytes is read."""
    data = observe("labels", ANSWERS["labels"], probes=7, classes=3).to_bytes()
    for wrong in (*(data[:size] for size in range(len(data))), data + b"\0"):
        with pytest.raises(CanonicalMalformed):
            read_observation(wrong, probes=7, classes=3)


def test_every_changed_byte_is_refused_or_another_observation():
    """A changed byte never reads as the same bytes, and raises nothing but the core's errors."""
    data = observe("probs", ANSWERS["probs"], probes=7, classes=3).to_bytes()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        try:
            read = read_observation(changed, probes=7, classes=3)
        except FingerprintError:
            continue
        assert read.to_bytes() == changed


def test_another_releases_size_is_refused():
    """The numbers of probes and classes are the release's."""
    data = observe("logits", LOGITS, probes=7, classes=3).to_bytes()
    for probes, classes in ((6, 3), (7, 4), (21, 1)):
        with pytest.raises(CanonicalMalformed):
            read_observation(data, probes=probes, classes=classes)
