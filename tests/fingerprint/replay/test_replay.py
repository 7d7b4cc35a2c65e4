"""The second computation against the first one: other transforms, other solvers, other tails, the same verdicts."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dct, idct

from fingerprint import carriers, seeds, statistics
from fingerprint.codeword import derive
from fingerprint.errors import MalformedError, PackMalformed, ParameterError
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.replay import bounds, cosine_transform, evidence, judgement, solvers, tensors
from fingerprint.replay.carriers import from_class_basis, rotated_back, to_class_basis
from fingerprint.replay.release import Release
from fingerprint.replay.scoring import scorer
from fingerprint.schemes import scheme
from fingerprint.verify import Candidates, gather, judge

PROBES, CLASSES, COMPONENTS = 300, 5, 12


def make_pack(**changes):
    """A pack of random numbers with two references."""
    draw = seeds.stream("tests", "replay")
    clean = draw.normal(size=(PROBES, CLASSES)) * 3
    base = clean + 0.2 * draw.normal(size=clean.shape)
    fields = {
        "release_key": draw.bytes(32),
        "probes": draw.normal(size=(PROBES, 3)).astype(np.float32),
        "features": draw.normal(size=(PROBES, COMPONENTS)).astype(np.float32),
        "references": {
            name: (z - z.mean(axis=1, keepdims=True)).astype(np.float32)
            for name, z in (("clean", clean), ("base", base))
        },
        "pool": default_pool(("clean", "base")),
    }
    return VerifierPack(**{**fields, **changes})


PACK = make_pack()
RELEASE = Release.parse(PACK.to_bytes())
CODEWORD = derive(b"k" * 32, release=PACK.release_id, nonce=bytes(32), length=PACK.bits)


def copy_answers(strength=0.4):
    """Logits of a noisy copy that carries the codeword."""
    matrix = carriers.signature_matrix(CODEWORD, rotation=PACK.rotation, classes=CLASSES)
    noise = seeds.stream("tests", "replay", "noise").normal(size=(PROBES, CLASSES))
    return PACK.references["clean"] + strength * PACK.features @ matrix.T / np.sqrt(COMPONENTS) + 0.5 * noise


def answers_of(kind, logits):
    """Answers of every kind, and what a thief does to them."""
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    two = np.sort(probs, axis=1)[:, [-2]]
    return {
        "logits": ("logits", logits),
        "logprobs": ("logprobs", np.log(probs)),
        "probs": ("probs", probs),
        "rounded": ("probs", np.round(probs, 3)),
        "smoothed": ("probs", 0.9 * probs + 0.1 / CLASSES),
        "top_k": ("top_k", np.where(probs >= two, probs, 0)),
        "labels": ("labels", logits.argmax(axis=1)),
    }[kind]


@pytest.mark.parametrize("strength", [0.0, 0.4])
@pytest.mark.parametrize("form", ["logits", "logprobs", "probs", "rounded", "smoothed", "top_k", "labels"])
def test_both_computations_agree(form, strength):
    """Score, p-value and verdict of both agree for every kind of answer, of a copy and of a stranger."""
    kind, answers = answers_of(form, copy_answers(strength))
    observation = observe(kind, answers, probes=PROBES, classes=CLASSES)
    candidates = Candidates(release=PACK.release_id, devices=("d",), copies=("c",), codewords=CODEWORD[None])
    first = judge(gather(PACK, observation), candidates, tests=50)
    second = judgement.judge(scorer(evidence.gather(RELEASE, observation)), CODEWORD, alpha=PACK.alpha, tests=50)
    assert second.score == pytest.approx(first.ranked[0].score, abs=1e-3)
    assert second.threshold == pytest.approx(first.threshold, abs=1e-9)
    assert second.named == first.ranked[0].named == (strength > 0 and first.ranked[0].score > first.threshold)
    if strength and form in ("logits", "logprobs", "probs"):
        assert second.named


@pytest.mark.parametrize("form", ["logits", "rounded", "top_k", "labels"])
def test_both_agree_over_mixtures_and_what_the_base_expresses(form):
    """With every kind of term: two parts, three estimators, features of the teacher and of the base."""
    noise = seeds.stream("tests", "replay", "e").normal(size=PACK.features.shape)
    expressed = (PACK.features + 0.3 * noise).astype(np.float32)
    pool = default_pool(("clean", "base"), mixed=True, expressed=True)
    pack = make_pack(release_key=PACK.release_key, expressed=expressed, mixture_every=3, pool=pool)
    release = Release.parse(pack.to_bytes())
    kind, answers = answers_of(form, copy_answers())
    observation = observe(kind, answers, probes=PROBES, classes=CLASSES)
    first, second = gather(pack, observation).values, evidence.gather(release, observation).values
    assert np.allclose(second / np.linalg.norm(second), first / np.linalg.norm(first), atol=1e-4)
    assert release.commitment() == pack.commitment()


@pytest.mark.parametrize("changed", [{"expressed": None}, {"expressed": np.zeros((2, COMPONENTS), np.float32)}])
def test_a_pack_without_what_its_pool_reads_is_refused(changed):
    """Even one whose writer did not check it."""
    pool = default_pool(("clean", "base"), expressed=True)
    pack = make_pack(expressed=np.zeros((PROBES, COMPONENTS), np.float32), pool=pool)
    for name, value in changed.items():
        object.__setattr__(pack, name, value)
    with pytest.raises(PackMalformed, match="does not hold it"):
        Release.parse(pack.to_bytes())


def test_release_and_commitment_agree_with_the_first_reading():
    """What is read of a pack is what was written, and what it commits to is what the registry logs."""
    assert RELEASE.release_id == PACK.release_id
    assert (RELEASE.features == PACK.features).all()
    assert RELEASE.commitment() == PACK.commitment()
    assert scheme("subspace").statistic == RELEASE.commitment()["statistic"]
    assert bounds.BOUND == statistics.BOUND_NAME


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_cosine_transforms(size, seed):
    """Both directions agree with scipy's, for every length."""
    values = np.random.default_rng(seed).normal(size=(2, size))
    assert np.allclose(cosine_transform.forward(values), dct(values, norm="ortho"), atol=1e-12)
    assert np.allclose(cosine_transform.inverse(values), idct(values, norm="ortho"), atol=1e-12)


def test_carriers_agree():
    """Class basis and rotation are those that copies are signed with."""
    rows = seeds.stream("tests", "replay", "rows").normal(size=(4, CLASSES))
    assert np.allclose(to_class_basis(rows), carriers.to_class_basis(rows))
    assert np.allclose(from_class_basis(rows[:, 1:]), carriers.from_class_basis(rows[:, 1:]))
    rotation = carriers.Rotation(key=PACK.release_key, length=PACK.bits)
    values = seeds.stream("tests", "replay", "values").normal(size=PACK.bits)
    assert np.allclose(rotated_back(PACK.release_key, values), rotation.inverse(values))


def test_conjugate_gradients_solve():
    """The solution is that of the dense system; nothing is asked of a right side of zero."""
    draw = seeds.stream("tests", "replay", "cg")
    root = draw.normal(size=(9, 9))
    matrix, right = root @ root.T + np.eye(9), draw.normal(size=9)
    assert np.allclose(solvers.conjugate_gradients(lambda v: matrix @ v, right), np.linalg.solve(matrix, right))
    assert not solvers.conjugate_gradients(lambda v: matrix @ v, np.zeros(9)).any()


@pytest.mark.parametrize("inverse", [0.3, 1.0, 4.0])
def test_calibration_is_found(inverse):
    """The temperature and bias that answers were made with come back."""
    reference = PACK.references["clean"].astype(np.float64)
    bias = np.array([0.5, -0.2, 0.1, -0.7, 0.3])
    logits = inverse * reference + bias
    answers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found, shift = solvers.calibrate(answers, reference)
    assert found == pytest.approx(inverse, rel=1e-4)
    assert np.allclose(shift, bias, atol=1e-3)


def test_calibration_of_answers_that_contradict_the_reference():
    """The smallest temperature allowed bounds it, and it ends."""
    reference = PACK.references["clean"].astype(np.float64)
    found, _ = solvers.calibrate(np.eye(CLASSES)[reference.argmin(axis=1)], reference)
    assert 0 < found < 1e-2


@pytest.mark.parametrize("score", [-5.0, 0.0, 0.3, 1.0, 2.0, 5.5, 12.0, 30.0])
def test_tails_agree(score):
    """Tail, family-wise figure and threshold are the first computation's."""
    p = bounds.tail_bound(score)
    assert p == pytest.approx(float(statistics.tail_bound(score)), rel=1e-9)
    assert bounds.family_wise(p, 1000) == pytest.approx(float(statistics.family_wise(p, 1000)), rel=1e-9)
    assert bounds.threshold(1e-6, 1000) == pytest.approx(statistics.threshold(1e-6, 1000), abs=1e-9)


def test_most_devices():
    """At that number the family-wise figure is alpha; a p of 1 names nobody, one of 0 anybody."""
    most = bounds.most_devices(1e-12, 1e-6)
    assert bounds.family_wise(1e-12, int(most)) == pytest.approx(1e-6, rel=1e-6)
    assert bounds.most_devices(1.0, 1e-6) == 0
    assert bounds.most_devices(0.0, 1e-6) == float("inf")


def test_fresh_codewords_are_drawn_again():
    """The same release and answers give the same codewords, others give others."""
    drawn = [judgement.fresh_codewords("r", digest, count=3, bits=40) for digest in ("a", "a", "b")]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()
    assert set(np.unique(drawn[0])) == {-1, 1}


def test_zero_evidence_scores_zero_and_other_lengths_are_refused():
    """Nothing is divided by nothing."""
    nothing = scorer(evidence.Gathered(release=RELEASE, values=np.zeros(3), observation="sha256:00"))
    assert nothing.score(np.ones((2, 3), np.int8)).tolist() == [0, 0]
    with pytest.raises(ParameterError):
        nothing.score(np.ones((2, 4), np.int8))


def test_damaged_packs_are_refused():
    """Every shortening, and every change in the header, is refused or another release."""
    data = PACK.to_bytes()
    for size in (0, 7, 8, 100, len(data) // 2, len(data) - 1):
        with pytest.raises(MalformedError):
            Release.parse(data[:size])
    with pytest.raises(MalformedError):
        Release.parse(data + b"\0")
    for place in range(0, 900, 3):
        changed = data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]
        try:
            assert Release.parse(changed).release_id != PACK.release_id
        except MalformedError:
            continue


def test_tensors_with_gaps_or_other_types_are_refused():
    """A header that claims more, less, or something else than the file holds."""

    def file(entry, body):
        header = json.dumps({"__metadata__": {"countermark": "{}"}, "x": entry}).encode()
        return len(header).to_bytes(8, "little") + header + body

    good = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    assert tensors.read(file(good, bytes(8)))[1]["x"].shape == (2,)
    for wrong in (
        {**good, "dtype": "F16"},
        {**good, "shape": [3]},
        {**good, "shape": [-1]},
        {**good, "data_offsets": [0, 12]},
        {**good, "data_offsets": [-8, 0]},
        {"shape": [2]},
    ):
        with pytest.raises(MalformedError):
            tensors.read(file(wrong, bytes(8)))
    with pytest.raises(MalformedError):
        tensors.read(file(good, bytes(12)))
