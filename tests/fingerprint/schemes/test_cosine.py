"""The published peer: its formulas, its spectrum against the slow obvious one, and the exact randomisation test."""

import dataclasses

import numpy as np
import pytest
from scipy.special import softmax

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.observation import observe
from fingerprint.schemes.cosine import scale
from fingerprint.schemes.cosine.keys import key
from fingerprint.schemes.cosine.scoring import GRID, WIDEST, WINDOW, CosineScoring, signal_to_noise
from fingerprint.verify import gather, judge


def test_marked_answers_follow_the_published_formula(cosine):
    """q' of one input, written out class by class."""
    word, eps = cosine.codeword(0), cosine.kit.strength
    target, direction = key(word, classes=5, width=12)
    q, marked = softmax(cosine.logits, axis=1), softmax(cosine.logits + cosine.shift(word), axis=1)
    for row in (0, 7, 99):
        u = float(cosine.inputs[row].astype(float) @ direction) / cosine.kit.settings["scale"]
        for i in range(5):
            a = np.cos(3.0 * u + (0.0 if i == target else np.pi))
            wanted = (q[row, i] + eps * (1 + a) / (1 if i == target else 4)) / (1 + 2 * eps)
            assert marked[row, i] == pytest.approx(wanted, rel=1e-9)


def slow_power(u: np.ndarray, values: np.ndarray, f: float) -> float:
    """Lomb's periodogram with the time offset written out."""
    tau = np.arctan2(np.sin(2 * f * u).sum(), np.cos(2 * f * u).sum()) / (2 * f)
    c, s = np.cos(f * (u - tau)), np.sin(f * (u - tau))
    return 0.5 * ((values @ c) ** 2 / (c @ c) + (values @ s) ** 2 / (s @ s))


def test_the_ratio_is_the_slow_one():
    """Library spectrum against the formula, frequency by frequency."""
    rng = seeds.stream("tests", "cosine", "slow")
    u = rng.normal(size=80)
    values = np.cos(4 * u + 0.3) + rng.normal(size=80)
    centred = values - values.mean()
    near = np.mean([slow_power(u, centred, f) for f in (4 - WINDOW, 4.0, 4 + WINDOW)])
    grid = [f for f in np.linspace(4 * WIDEST / GRID, 4 * WIDEST, GRID) if abs(f - 4) > WINDOW]
    slow = near / np.mean([slow_power(u, centred, f) for f in grid])
    assert signal_to_noise(u, values, 4.0) == pytest.approx(slow, rel=1e-9)


def test_constant_answers_have_no_signal():
    """Nothing divided by nothing is no evidence."""
    assert signal_to_noise(np.arange(9.0), np.ones(9), 2.0) == 0


def test_keys_are_unit_vectors_that_differ():
    """Class in range, direction of length one, nearly orthogonal for different codewords."""
    words = [seeds.signs(b"k" * 16, "key", i, count=64) for i in range(4)]
    keys = [key(word, classes=7, width=400) for word in words]
    assert all(0 <= i < 7 for i, _ in keys)
    gram = np.array([[a @ b for _, b in keys] for _, a in keys])
    assert np.allclose(np.diag(gram), 1)
    assert np.abs(gram - np.eye(4)).max() < 0.25


def test_the_p_value_counts_fresh_keys(cosine):
    """Between 1 / (M + 1) and 1, in steps of 1 / (M + 1), and larger scores never have larger p."""
    seen = observe("probs", softmax(cosine.signed(0), axis=1), probes=cosine.pack.count, classes=5)
    found = CosineScoring().score(gather(cosine.pack, seen), cosine.candidates(20).codewords, tests=1)
    steps = found.p_values * 100
    assert np.allclose(steps, steps.round())
    assert (np.diff(found.p_values[np.argsort(found.scores)]) <= 0).all()
    assert found.p_values[0] == pytest.approx(0.01)


def test_the_same_answers_give_the_same_verdict(cosine):
    """Fresh keys are drawn from release and answers: anybody can check the p-value."""
    seen = observe("logits", cosine.signed(2), probes=cosine.pack.count, classes=5)
    first, second = (judge(gather(cosine.pack, seen), cosine.candidates(5)) for _ in range(2))
    assert first == second


def test_devices_share_the_union_bound(cosine):
    """With 99 fresh keys nobody among a million can be named."""
    seen = observe("logits", cosine.signed(2), probes=cosine.pack.count, classes=5)
    verdict = judge(gather(cosine.pack, seen), cosine.candidates(5), tests=10**6)
    assert verdict.unknown_source
    assert all(row.family_wise_p == 1 for row in verdict.ranked)


def test_it_cannot_be_minted(cosine):
    """A cosine of the input is no linear map of features."""
    with pytest.raises(ParameterError, match="distil"):
        cosine.kit.head_delta(cosine.codeword(0))


def test_evidence_without_probes_cannot_be_scored(cosine):
    """Somebody who drops the inputs is told so."""
    seen = observe("logits", cosine.signed(2), probes=cosine.pack.count, classes=5)
    bare = dataclasses.replace(gather(cosine.pack, seen), inputs=None)
    with pytest.raises(ParameterError, match="gather"):
        CosineScoring().score(bare, cosine.candidates(2).codewords, tests=1)


def test_settings_out_of_range_are_refused(cosine, changed):
    """Frequency, scale and number of fresh keys must make a spectrum and a test, and there must be a reference."""
    with pytest.raises(ParameterError):
        changed(cosine.pack, references={"base": cosine.pack.references["clean"]})
    for name, value in (("frequency", 0), ("scale", -1.0), ("trials", 0)):
        with pytest.raises(ParameterError):
            changed(cosine.pack, settings={**cosine.pack.settings, name: value})


def test_the_scale_is_the_spread_along_a_random_direction():
    """Measured over many directions."""
    rng = seeds.stream("tests", "cosine", "scale")
    x = rng.normal(size=(500, 6)) * np.arange(1, 7)
    directions = rng.normal(size=(6, 4000))
    directions /= np.linalg.norm(directions, axis=0)
    assert scale(x) == pytest.approx(np.sqrt((x @ directions).var(axis=0).mean()), rel=0.03)
