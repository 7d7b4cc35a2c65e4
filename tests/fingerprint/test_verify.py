"""The recipe: blind evidence first, codewords after, and nobody named without a theorem behind it."""

import dataclasses
import inspect
import typing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from fingerprint import errors, estimators, seeds, statistics, trace, verify
from fingerprint.estimators import residual, score
from fingerprint.observation import observe
from fingerprint.verify import Candidates, Evidence, gather, judge

DEVICES = 6


def candidates(release, count=DEVICES):
    """Codewords of numbered devices."""
    return Candidates(
        release=release.pack.release_id,
        devices=tuple(f"edge-{i}" for i in range(count)),
        copies=tuple(f"copy-{i}" for i in range(count)),
        codewords=np.stack([release.codeword(i) for i in range(count)]).astype(np.int8),
    )


def answers(logits, kind):
    """Logits as each kind of answer."""
    return {
        "logits": logits,
        "logprobs": log_softmax(logits, axis=1),
        "probs": softmax(logits, axis=1),
        "labels": logits.argmax(axis=1),
    }[kind]


def verdict(release, logits, kind="logits", **options):
    """All six steps."""
    seen = observe(kind, answers(logits, kind), probes=release.pack.count, classes=release.pack.classes)
    return judge(gather(release.pack, seen), candidates(release), **options)


def weak_alpha(release, alpha):
    """The same release at another alpha; its id changes, so codewords are drawn anew."""
    return dataclasses.replace(release, pack=dataclasses.replace(release.pack, alpha=alpha))


@pytest.mark.parametrize("kind", ["logits", "logprobs", "probs"])
@pytest.mark.parametrize("device", [0, 4])
def test_the_copy_is_named_and_nobody_else(release, kind, device):
    """24 carriers carry at most t = 4.9, enough at alpha 1e-3: exactly the true device."""
    weaker = weak_alpha(release, 1e-3)
    found = verdict(weaker, weaker.copy_logits(device, noise=0.02), kind)
    assert found.named == (f"edge-{device}",)
    assert found.ranked[0].family_wise_p <= 1e-3 < found.ranked[1].family_wise_p


def test_labels_point_to_the_copy(release):
    """Of labels alone the true device still has the best score."""
    assert verdict(release, release.copy_logits(3), "labels").ranked[0].device == "edge-3"


@pytest.mark.parametrize("kind", ["logits", "logprobs", "probs", "labels"])
def test_an_unsigned_model_names_nobody(release, kind):
    """The teacher's own logits, and noise: unknown source."""
    noise = seeds.stream("tests", "noise").normal(size=release.logits.shape)
    for logits in (release.logits + 0.02 * noise, noise):
        assert verdict(release, logits, kind).unknown_source


def test_temperature_and_bias_are_absorbed(release):
    """A thief's temperature, class bias and common mode change the evidence of log-probabilities by rounding only."""
    logits = release.copy_logits(1)
    changed = 0.3 * logits + np.arange(5.0) + seeds.stream("tests", "common").normal(size=(len(logits), 1))

    def evidence(values):
        seen = observe("logprobs", log_softmax(values, axis=1), probes=len(values), classes=5)
        y = residual.residual_evidence(
            seen.log_probabilities,
            features=release.pack.features.astype(float),
            reference=release.pack.references["clean"].astype(float),
        ).ravel()
        return y / np.linalg.norm(y)

    assert evidence(logits) @ evidence(changed) > 1 - 1e-9


def slow_score(q, features, reference, ridge):
    """The efficient score with the Fisher matrix written out."""
    inverse, bias = score.fit_calibration(q, reference)
    p = softmax(reference * inverse + bias, axis=1)
    classes, k = q.shape[1], features.shape[1]
    basis = np.stack([verify_basis(row) for row in np.eye(classes - 1)], axis=1)
    s, fisher = np.zeros((classes - 1, k)), np.zeros(((classes - 1) * k,) * 2)
    for qi, pi, hi in zip(q, p, features, strict=True):
        s += np.outer(basis.T @ (qi - pi), hi) / len(q)
        fisher += np.kron(basis.T @ (np.diag(pi) - np.outer(pi, pi)) @ basis, np.outer(hi, hi)) / len(q)
    damped = fisher + ridge * np.diag(fisher).mean() * np.eye(len(fisher))
    return np.linalg.solve(damped, s.ravel()).reshape(s.shape)


def verify_basis(row):
    """One column of B."""
    return estimators.score.from_class_basis(row)


@pytest.mark.parametrize("kind", ["probs", "labels"])
def test_the_fast_score_is_the_slow_one(release, kind):
    """Conjugate gradients without a Fisher matrix against the formula written out."""
    seen = observe(kind, answers(release.copy_logits(2), kind), probes=400, classes=5)
    given_ = {
        "features": release.pack.features.astype(float),
        "reference": release.pack.references["clean"].astype(float),
    }
    fast = score.score_evidence(seen.probabilities, **given_, ridge=0.3)
    assert np.allclose(fast, slow_score(seen.probabilities, **given_, ridge=0.3), rtol=1e-5, atol=1e-8)


def test_calibration_finds_temperature_and_bias(release):
    """softmax(z / tau + b) gives back tau and b."""
    z = release.pack.references["clean"].astype(float)
    bias = np.array([0.5, -0.5, 0.2, -0.1, -0.1])
    inverse, found = score.fit_calibration(softmax(z * 0.4 + bias, axis=1), z)
    assert abs(inverse - 0.4) < 1e-3
    assert np.allclose(found, bias, atol=2e-3)


def test_no_step_before_judging_can_receive_a_codeword():
    """No parameter or field of observation, evidence and estimators holds one; `judge` alone takes Candidates."""
    takes = []
    for module in (verify, residual, score):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            hints = typing.get_type_hints(function)
            if Candidates in hints.values():
                takes.append(name)
            words = " ".join(inspect.signature(function).parameters)
            assert "codeword" not in words, name
    assert takes == ["judge"]
    assert not {"codeword", "codewords", "candidates", "device"} & set(Evidence.__dataclass_fields__)


def test_evidence_is_fixed_before_codewords(release):
    """Its values cannot be written to."""
    seen = observe("logits", release.logits, probes=400, classes=5)
    with pytest.raises(ValueError, match="read-only"):
        gather(release.pack, seen).values[0] = 1


def test_more_hypotheses_make_it_harder(release):
    """The family-wise figure is Sidak's over the declared tests, the threshold rises with them."""
    few, many = (verdict(release, release.copy_logits(0), tests=n) for n in (DEVICES, 10**6))
    assert many.threshold > few.threshold
    assert many.devices == 10**6
    assert np.isclose(many.ranked[0].family_wise_p, statistics.family_wise(many.ranked[0].p_value, 10**6))
    with pytest.raises(errors.ParameterError):
        verdict(release, release.copy_logits(0), tests=DEVICES - 1)


def test_nobody_enrolled_means_unknown_source(release):
    """No candidates: no ranking, no name, no crash."""
    seen = observe("logits", release.logits, probes=400, classes=5)
    nobody = Candidates(release=release.pack.release_id, devices=(), copies=(), codewords=np.zeros((0, 24), np.int8))
    assert judge(gather(release.pack, seen), nobody).unknown_source


def test_every_named_device_is_ranked(release):
    """A verdict lists a hundred devices, and every named one beyond them."""
    seen = observe("logits", release.copy_logits(0), probes=400, classes=5)
    evidence = gather(weak_alpha(release, 0.9).pack, seen)
    twins = np.repeat(np.sign(evidence.values)[None].astype(np.int8), 150, axis=0)
    twins[twins == 0] = 1
    many = Candidates(
        release=evidence.release, devices=tuple(map(str, range(150))), copies=("",) * 150, codewords=twins
    )
    found = judge(evidence, many)
    assert len(found.ranked) == len(found.named) == 150


def test_other_releases_are_refused(release):
    """Codewords of another release, answers checked against another one."""
    seen = observe("logits", release.logits, probes=400, classes=5)
    foreign = dataclasses.replace(candidates(release), release="sha256:other")
    with pytest.raises(errors.WrongRelease):
        judge(gather(release.pack, seen), foreign)
    with pytest.raises(errors.ProbeCountMismatch):
        gather(release.pack, observe("logits", release.logits[1:], probes=399, classes=5))
    with pytest.raises(errors.WrongShape):
        gather(release.pack, observe("logits", release.logits[:, 1:], probes=400, classes=4))


def test_candidates_are_checked_and_keep_their_secret(release):
    """Values other than signs and lengths that disagree are refused; the text form shows no codeword."""
    good = candidates(release)
    with pytest.raises(errors.ParameterError):
        dataclasses.replace(good, codewords=good.codewords * 0)
    with pytest.raises(errors.ParameterError):
        dataclasses.replace(good, devices=("a",))
    assert "codewords" not in repr(good)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(0, 8))
def test_scores_are_the_formula(seed, length, count):
    """t_d = <c_d, y> / |y|, bounded by sqrt(L); zero evidence scores zero."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=length) * 10.0 ** rng.integers(-100, 100)
    c = rng.choice([-1, 1], size=(count, length)).astype(np.int8)
    t = trace.scores(y, c)
    assert np.allclose(t, [row @ y / np.linalg.norm(y) for row in c], rtol=1e-9, atol=1e-12)
    assert (np.abs(t) <= np.sqrt(length) * (1 + 1e-12)).all()
    assert not trace.scores(np.zeros(length), c).any()


def test_scores_refuse_what_is_no_evidence():
    """NaN, infinity and other lengths."""
    c = np.ones((2, 3), np.int8)
    for y in (np.array([1.0, np.nan, 0]), np.array([np.inf, 0, 0]), np.ones(4)):
        with pytest.raises(errors.ParameterError):
            trace.scores(y, c)
