"""Parts of the probes and features of the base: what they read, and that packs of before keep their bytes."""

from dataclasses import replace

import numpy as np
import pytest

from fingerprint import canonical, tensorfile, verify
from fingerprint.errors import PackMalformed, ParameterError
from fingerprint.estimators.regression import regression_evidence
from fingerprint.estimators.residual import residual_evidence
from fingerprint.estimators.score import score_evidence
from fingerprint.observation import Kind, observe
from fingerprint.pack import TAG, VerifierPack
from fingerprint.pool import BASE, INPUTS, MIXTURES, REGRESSION, REGRESSION_RIDGE, RESIDUAL, SCORE, Term, default_pool


@pytest.fixture(scope="module")
def rich(release):
    """The small release with mixtures, a base and what the base expresses."""
    rng = np.random.default_rng(3)
    noise = rng.normal(size=release.pack.features.shape).astype(np.float32)
    references = {**release.pack.references, BASE: release.pack.references["clean"][:, ::-1].copy()}
    return replace(
        release.pack,
        references=references,
        expressed=(0.8 * release.pack.features + 0.2 * noise).astype(np.float32),
        mixture_every=4,
        pool=default_pool(("base", "clean"), mixed=True, expressed=True),
    )


def test_the_parts_are_every_mth_probe_and_the_rest(rich):
    """Written out."""
    assert rich.rows(MIXTURES).tolist() == list(range(3, 400, 4))
    assert sorted([*rich.rows(MIXTURES), *rich.rows(INPUTS)]) == rich.rows("all").tolist() == list(range(400))


def slow(pack, seen):
    """The pooled evidence, term by term, from the formula at the head of fingerprint.pool."""
    total = np.zeros(pack.bits)
    for term in pack.pool[seen.kind]:
        keep = [i for i in range(pack.count) if term.part == "all" or (i % 4 == 3) == (term.part == MIXTURES)]
        held = (pack.expressed if term.features == BASE else pack.features)[keep].astype(np.float64)
        reference = pack.references[term.reference][keep].astype(np.float64)
        if term.estimator == RESIDUAL:
            found = residual_evidence(seen.log_probabilities[keep], features=held, reference=reference)
        elif term.estimator == REGRESSION:
            logs = seen.log_probabilities[keep]
            found = regression_evidence(logs, expressed=held, reference=reference, ridge=REGRESSION_RIDGE)
        else:
            answers = seen.tempered(term.temperature) if term.temperature > 1 else seen.probabilities
            found = score_evidence(
                answers[keep], features=held, reference=reference, ridge=pack.ridge, reported=seen.reported[keep]
            )
        total += term.weight * found.ravel() / np.linalg.norm(found)
    return pack.rotation.inverse(total)


@pytest.mark.parametrize("kind", ["logits", "labels"])
def test_gathering_is_the_slow_sum_of_its_terms(release, rich, kind):
    """With all terms for logits, with the coarse ones for labels."""
    logits = release.copy_logits(1, noise=0.05)
    seen = observe(kind, logits if kind == "logits" else logits.argmax(axis=1), probes=rich.count, classes=rich.classes)
    assert len(rich.pool[seen.kind]) == (18 if kind == "logits" else 6)
    assert np.allclose(verify.gather(rich, seen).values, slow(rich, seen))


def test_a_pack_with_mixtures_and_expressed_features_comes_back(rich):
    """Byte for byte, and its commitment names both."""
    again = VerifierPack.from_bytes(rich.to_bytes())
    assert again.to_bytes() == rich.to_bytes()
    assert again.pool == rich.pool
    assert {"expressed", "mixture_every"} <= set(rich.commitment())


def test_packs_of_before_keep_their_bytes(release):
    """Without mixtures and expressed features nothing is written about them: the release id stays what it was."""
    header, tensors = tensorfile.load(release.pack.to_bytes())
    fields = canonical.decode(TAG, header)
    assert "mixture_every" not in fields
    assert set(fields["pool"]["labels"][0]) == {"estimator", "reference", "weight", "temperature"}
    assert "expressed" not in tensors


def test_a_look_reads_the_first_probes_of_every_tensor(rich):
    """Expressed features too; its mixtures are every fourth again."""
    head = rich.first(40)
    assert head.expressed.shape == head.features.shape == (40, rich.components)
    assert head.rows(MIXTURES).tolist() == list(range(3, 40, 4))


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"expressed": None}, "does not hold it"),
        ({"expressed": np.zeros((3, 6), np.float32)}, "expressed of shape"),
        ({"expressed": np.full((400, 6), np.nan, np.float32)}, "expressed must be finite"),
        ({"mixture_every": 1}, "every 1-th"),
        ({"mixture_every": 0}, "fewer than two"),
        ({"mixture_every": 399}, "fewer than two"),
    ],
)
def test_pools_that_read_what_is_not_there_are_refused(rich, changed, word):
    """By what is missing."""
    with pytest.raises(ParameterError, match=word):
        replace(rich, **changed)


def test_a_header_that_lies_about_mixtures_is_refused(rich):
    """The pack file is canonical or not a pack."""
    header, tensors = tensorfile.load(rich.to_bytes())
    fields = canonical.decode(TAG, header)
    lying = canonical.encode(TAG, {**fields, "mixture_every": True})
    with pytest.raises(PackMalformed):
        VerifierPack.from_bytes(tensorfile.save(tensors, lying))


@pytest.mark.parametrize(
    "changed",
    [{"features": "student"}, {"part": "half"}, {"estimator": REGRESSION}, {"estimator": REGRESSION, "temperature": 2}],
)
def test_impossible_terms_are_refused(changed):
    """Unknown features or parts; a regression without the base's features, or with a temperature."""
    with pytest.raises(ParameterError):
        Term(**{"estimator": SCORE, "reference": "clean", "weight": 1.0, **changed})


def test_expressed_features_need_the_reference_base():
    """And every kind of answer keeps a term that reads labels."""
    with pytest.raises(ParameterError, match="base"):
        default_pool(("clean",), expressed=True)
    pool = default_pool(("base", "clean"), mixed=True, expressed=True)
    assert all(any(not t.reads_small_probabilities for t in pool[kind]) for kind in Kind)
