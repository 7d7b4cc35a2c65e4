"""What every scheme of the catalogue must keep to."""

import json
import typing

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from fingerprint import canonical, schemes, seeds
from fingerprint.errors import KitMalformed, PackMalformed, ParameterError
from fingerprint.kit import SigningKit
from fingerprint.observation import Kind, observe
from fingerprint.pack import VerifierPack
from fingerprint.schemes import scoring
from fingerprint.schemes.base import Scheme
from fingerprint.verify import Candidates, gather, judge


def answers(logits: np.ndarray, kind: str) -> np.ndarray:
    """Logits as one kind of answer."""
    q = softmax(logits, axis=1)
    top = np.where(q >= np.sort(q, axis=1)[:, -3][:, None], q, 0.0)
    forms = {"logits": logits, "logprobs": log_softmax(logits, axis=1), "probs": q, "top_k": top}
    return forms.get(kind, logits.argmax(axis=1))


def evidence(world, logits, kind="logits"):
    """Steps 1 to 3."""
    seen = observe(kind, answers(logits, kind), probes=world.pack.count, classes=world.pack.classes)
    return gather(world.pack, seen)


def random_words(world, count: int, *words: str) -> np.ndarray:
    """Codewords of devices that have nothing to do with any suspect."""
    rng = seeds.stream("tests", "schemes", "words", *words)
    return rng.choice(np.array([-1, 1], dtype=np.int8), size=(count, world.pack.bits))


def test_both_catalogues_hold_the_same_schemes():
    """Every scheme has its blind side and its codeword side, under its own name."""
    assert set(schemes.CATALOGUE) == set(scoring.CATALOGUE)
    assert all(name == row.name for name, row in schemes.CATALOGUE.items())
    with pytest.raises(ParameterError, match="subspace"):
        schemes.scheme("magic")
    with pytest.raises(ParameterError, match="subspace"):
        scoring.scoring("magic")


def test_packs_and_kits_come_back_byte_for_byte(world):
    """Settings and tensors of the scheme travel with both files."""
    pack, kit = world.pack, world.kit
    again = VerifierPack.from_bytes(pack.to_bytes())
    assert again.to_bytes() == pack.to_bytes()
    assert (again.scheme, dict(again.settings), again.bits) == (pack.scheme, dict(pack.settings), pack.bits)
    assert SigningKit.from_bytes(kit.to_bytes()).to_bytes() == kit.to_bytes()
    assert kit.bits == pack.bits


def test_upper_case_hexadecimal_is_another_file_and_refused(world):
    """Two spellings of one release would be two files with one meaning."""
    for whole, read, error in (
        (world.pack.to_bytes(), VerifierPack.from_bytes, PackMalformed),
        (world.kit.to_bytes(), SigningKit.from_bytes, KitMalformed),
    ):
        shouted = whole.replace(b"0a0b0c0d", b"0A0b0c0d", 1)
        assert shouted != whole
        with pytest.raises(error):
            read(shouted)


def test_the_commitment_is_plain_and_holds_no_secret(world):
    """Scheme, version, statistic and bound are committed; the release key is not."""
    fields = world.pack.commitment()
    assert fields["scheme"] == world.pack.scheme
    assert fields["statistic"]
    assert fields["bound"]
    canonical.encode("t", fields)
    assert world.pack.release_key.hex() not in json.dumps(fields)


def test_the_shift_has_the_shape_of_the_logits_and_depends_on_the_codeword(world):
    """Finite, (n, C), another one for another codeword, the same one again for the same."""
    first, second = (world.shift(world.codeword(i)) for i in (0, 1))
    assert first.shape == world.logits.shape
    assert np.isfinite(first).all()
    assert not np.allclose(first, second)
    assert np.array_equal(first, world.shift(world.codeword(0)))


@pytest.mark.parametrize("wrong", ["short", "zeros", "matrix"])
def test_what_is_no_codeword_is_refused(world, wrong):
    """Another length, other values, another shape: by the signer and by the judge."""
    good = world.codeword(0)
    bad = {"short": good[:-1], "zeros": np.zeros_like(good), "matrix": np.stack([good, good])}[wrong]
    with pytest.raises(ParameterError):
        world.shift(bad)
    fixed = evidence(world, world.signed(0))
    with pytest.raises(ParameterError):
        scoring.scoring(world.pack.scheme).score(fixed, np.atleast_2d(bad) if wrong != "matrix" else bad[None], tests=1)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_answer_gives_finite_evidence_that_cannot_be_changed(world, kind):
    """Values are finite and read-only, whatever the form of the answers."""
    fixed = evidence(world, world.signed(0), kind)
    assert np.isfinite(fixed.values).all()
    assert fixed.bits == world.pack.bits
    with pytest.raises(ValueError, match="read-only"):
        fixed.values[0] = 1


def test_no_blind_step_takes_a_codeword():
    """No parameter of `bits`, `check` and `gather` could hold one; `shift` and `head_change` are the signer's."""
    for step in ("bits", "check", "gather", "greatest_score"):
        hints = typing.get_type_hints(getattr(Scheme, step))
        assert not {"codeword", "codewords", "candidates"} & set(hints)


@pytest.mark.parametrize("device", [0, 5])
def test_a_perfect_copy_scores_best(world, device):
    """Among eight devices nobody scores higher than the copy's own."""
    verdict = judge(evidence(world, world.signed(device)), world.candidates(8))
    best = verdict.ranked[0].score
    assert next(row.score for row in verdict.ranked if row.device == f"d{device}") == best


@pytest.mark.parametrize("kind", ["logits", "labels"])
@pytest.mark.parametrize("suspect", ["signed", "unsigned", "noise"])
def test_p_values_are_valid(world, suspect, kind):
    """Over 1,500 unrelated codewords, P(p <= a) is at most a but for sampling error, whatever the suspect is."""
    noise = seeds.stream("tests", "schemes", "noise").normal(size=world.logits.shape)
    logits = {"signed": world.signed(3), "unsigned": world.logits, "noise": noise}[suspect]
    fixed = evidence(world, logits, kind)
    count = 1500 if world.pack.scheme != "cosine" else 100  # a spectrum for each
    found = scoring.scoring(world.pack.scheme).score(fixed, random_words(world, count, suspect, kind), tests=1)
    # the fresh keys of the randomisation test are drawn once, which adds their own sampling error of 1 / sqrt(M)
    fresh = world.pack.settings.get("trials", np.inf)
    for alpha in (0.5, 0.1, 0.02):
        slack = 4.5 * np.sqrt(alpha * (1 - alpha) * (1 / count + 1 / fresh))
        assert (found.p_values <= alpha).mean() <= alpha + slack
    assert ((found.p_values > 0) & (found.p_values <= 1)).all()


@pytest.mark.parametrize("tests", [1, 7, 10**6])
def test_family_wise_figures_and_threshold_agree(world, tests):
    """At any alpha: a score reaches the threshold exactly where its family-wise p is at most alpha."""
    for alpha in (1e-6, 0.3):
        pack = VerifierPack(**{n: getattr(world.pack, n) for n in world.pack.__dataclass_fields__} | {"alpha": alpha})
        seen = observe("logits", world.signed(0), probes=pack.count, classes=pack.classes)
        found = scoring.scoring(pack.scheme).score(gather(pack, seen), random_words(world, 60, "family"), tests=tests)
        assert (found.family_wise >= found.p_values - 1e-12).all()
        if pack.scheme != "cosine":
            assert ((found.scores >= found.threshold) == (found.family_wise <= alpha)).all()


def test_bits_can_be_compared_with_the_payload(world):
    """What is decoded has the length of what is carried; a perfect copy has few bit errors."""
    rules = scoring.scoring(world.pack.scheme)
    fixed = evidence(world, world.signed(2))
    said = rules.decoded(fixed)
    carried = rules.payload(world.codeword(2)[None], classes=world.pack.classes)[0]
    assert said is None or (said.shape == carried.shape and (said != carried).mean() < 0.15)


def test_no_score_exceeds_the_greatest(world):
    """The bound that the scheme states holds for its own codeword and for strangers."""
    greatest = schemes.scheme(world.pack.scheme).greatest_score(classes=world.pack.classes, bits=world.pack.bits)
    verdict = judge(evidence(world, world.signed(1)), world.candidates(8))
    assert greatest is None or all(row.score <= greatest + 1e-9 for row in verdict.ranked)


def test_verdicts_round_trip(world):
    """A verdict of any scheme has canonical bytes, also where no score can name anybody."""
    verdict = judge(evidence(world, world.signed(1)), world.candidates(3), tests=10**9)
    assert type(verdict).from_bytes(verdict.to_bytes()) == verdict
    assert verdict.scheme == world.pack.scheme
    assert verdict.bits == world.pack.bits


def test_nobody_else_is_named(world):
    """At the declared alpha of one in a million, at most the copy's own device is named."""
    assert set(judge(evidence(world, world.signed(4)), world.candidates(8)).named) <= {"d4"}


def test_candidates_of_another_scheme_do_not_fit(world):
    """Codewords of another length are an error that names both lengths."""
    words = np.ones((2, world.pack.bits + 1), dtype=np.int8)
    many = Candidates(release=world.pack.release_id, devices=("a", "b"), copies=("1", "2"), codewords=words)
    with pytest.raises(ParameterError, match=str(world.pack.bits)):
        judge(evidence(world, world.signed(0)), many)
