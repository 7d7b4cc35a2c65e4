"""Reading minted copies through their base."""

import numpy as np
import pytest

from fingerprint import seeds, trace
from fingerprint.carriers import signature_matrix
from fingerprint.errors import ParameterError, ProbeCountMismatch, WrongShape
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.tracing.reading import Reading, gather_minted
from fingerprint.verify import gather

RNG = seeds.stream("tests", "reading")
N, K, C = 3000, 8, 5


def _float32(values: np.ndarray) -> np.ndarray:
    return np.asarray(values - values.mean(axis=-1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def reading() -> Reading:
    """A release whose base expresses the features badly: half of what it says of each is its own."""
    h = RNG.normal(size=(N, K))
    expressed = 0.7 * h + 0.7 * RNG.normal(size=(N, K))
    base = _float32(2 * RNG.normal(size=(N, C)))
    pack = VerifierPack(
        release_key=b"r" * 32,
        probes=np.zeros((N, 1), dtype=np.float32),
        features=h.astype(np.float32),
        references={"base": base, "clean": _float32(base + 0.3 * RNG.normal(size=(N, C)))},
        pool=default_pool(("base", "clean")),
    )
    return Reading(pack=pack, expressed=expressed.astype(np.float32))


def answers(reading: Reading, codeword: np.ndarray) -> np.ndarray:
    """Logits of a minted copy."""
    matrix = signature_matrix(codeword, rotation=reading.pack.rotation, classes=C)
    noise = 0.05 * RNG.normal(size=(N, C))
    return reading.pack.references["base"] + 0.1 * reading.expressed @ matrix.T / np.sqrt(K) + noise


@pytest.mark.parametrize("kind", ["logits", "logprobs", "probs", "labels"])
def test_a_minted_copy_is_read_through_its_base(reading: Reading, kind: str):
    """The score is over the default evidence's where log-probabilities are told, and near or over it elsewhere."""
    codeword = np.where(RNG.random(reading.pack.bits) < 0.5, -1, 1).astype(np.int8)
    z = answers(reading, codeword)
    logprobs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    given = {"logits": z, "logprobs": logprobs, "probs": np.exp(logprobs), "labels": z.argmax(axis=1)}[kind]
    observation = observe(kind, given, probes=N, classes=C)
    through, plain = gather_minted(reading, observation), gather(reading.pack, observation)
    ours, theirs = (trace.scores(found.values, codeword[None])[0] for found in (through, plain))
    assert ours > (1.5 if kind == "labels" else 3.0)
    assert ours > (0.95 if kind in ("probs", "labels") else 1.0) * theirs
    assert through.release == plain.release
    assert through.observation_digest == plain.observation_digest


def test_a_reading_needs_its_references(reading: Reading):
    """Expressed features of another shape, and a pack without a base, are refused."""
    with pytest.raises(ParameterError):
        Reading(pack=reading.pack, expressed=reading.expressed[:, 1:])
    clean = {"clean": reading.pack.references["clean"]}
    pack = VerifierPack(
        release_key=b"r" * 32,
        probes=reading.pack.probes,
        features=reading.pack.features,
        references=clean,
        pool=default_pool(("clean",)),
    )
    with pytest.raises(ParameterError, match="base"):
        Reading(pack=pack, expressed=reading.expressed)


def test_answers_of_another_release_are_refused(reading: Reading):
    """Another number of probes or classes is an error."""
    with pytest.raises(ProbeCountMismatch):
        gather_minted(reading, observe("labels", [0, 1], probes=2, classes=C))
    with pytest.raises(WrongShape):
        gather_minted(reading, observe("labels", np.arange(N) % 3, probes=N, classes=3))
