"""Naming coalitions in rounds."""

import numpy as np
import pytest

from fingerprint import seeds, statistics
from fingerprint.errors import ParameterError, WrongRelease
from fingerprint.tracing import CATALOGUE, Bias, arcsine, trace_coalition, uniform
from fingerprint.verify import Candidates, Evidence, judge


def evidence(values: np.ndarray, *, release: str = "r", alpha: float = 1e-6) -> Evidence:
    """Evidence as `gather` would have left it."""
    return Evidence(
        release=release, values=values, kind="logits", probes=9, scheme="subspace", alpha=alpha, observation_digest="d"
    )


def candidates(codewords: np.ndarray) -> Candidates:
    """Devices d0, d1, ... with copies c0, c1, ..."""
    names = range(len(codewords))
    return Candidates(
        release="r", devices=tuple(f"d{i}" for i in names), copies=tuple(f"c{i}" for i in names), codewords=codewords
    )


def coalition(bias: Bias, size: int, noise: float, *words: object) -> tuple[Evidence, Candidates]:
    """The first `size` of a hundred devices, averaged."""
    rng = seeds.stream("rounds", *map(str, words))
    codewords = bias.draw(rng, 100)
    return evidence(codewords[:size].mean(axis=0) + noise * rng.normal(size=bias.length)), candidates(codewords)


@pytest.mark.parametrize("name", ["correlation", "llr"])
@pytest.mark.parametrize("bias", [uniform(900), arcsine(b"r" * 32, 900, coalition=5)], ids=["uniform", "tardos"])
def test_all_five_members_are_named_and_nobody_else(name: str, bias: Bias):
    """Five averaged copies among a declared million devices: all five named at family-wise 1e-6, in rounds."""
    found = trace_coalition(*coalition(bias, 5, 0.2, "five"), bias=bias, score=CATALOGUE[name], tests=10**6)
    assert set(found.verdict.named) == {f"d{i}" for i in range(5)}
    assert sum(len(round_.named) for round_ in found.rounds) == 5
    assert found.rounds[-1].named == ()
    assert sum(round_.alpha for round_ in found.rounds) < 1e-6
    assert found.score == name


def test_rescoring_names_members_that_the_first_round_misses():
    """Given the loud member, the quiet one is named: what the loud one explains is no noise any more."""
    bias = uniform(300)
    rng = seeds.stream("rounds", "quiet")
    codewords = bias.draw(rng, 50)
    y = codewords[0] + 0.25 * codewords[1] + 0.1 * rng.normal(size=300)
    found = trace_coalition(evidence(y), candidates(codewords), bias=bias, score=CATALOGUE["correlation"], tests=10**6)
    assert [round_.named for round_ in found.rounds[:2]] == [("c0",), ("c1",)]


def test_strangers_are_never_named():
    """Over 96 verdicts on noise or other coalitions, nobody of a hundred is named at alpha 1e-3."""
    bias, rng = arcsine(b"r" * 32, 120, coalition=3), seeds.stream("rounds", "strangers")
    named = 0
    for trial in range(24):
        words = bias.draw(rng, 103)
        y = words[:3].mean(axis=0) if trial % 2 else rng.normal(size=120)
        for score in CATALOGUE.values():
            found = trace_coalition(evidence(y, alpha=1e-3), candidates(words[3:]), bias=bias, score=score)
            named += len(found.verdict.named)
    assert named <= 1  # expected at most 0.1


def test_one_round_of_uniform_correlation_agrees_with_judge():
    """Scores are those of `verify.judge` and exact p-values lie under its bounds."""
    bias = uniform(300)
    ev, devices = coalition(bias, 1, 1.0, "judge")
    ours = {
        row.copy: row for row in trace_coalition(ev, devices, bias=bias, score=CATALOGUE["correlation"]).verdict.ranked
    }
    theirs = judge(ev, devices)
    top = theirs.ranked[0]
    assert ours[top.copy].score == pytest.approx(top.score, rel=2e-3)
    assert ours[top.copy].p_value <= top.p_value * 1.05
    assert ours[top.copy].family_wise_p <= 2 * statistics.family_wise(ours[top.copy].p_value, 100) * (1 + 1e-9)


def test_the_verdict_round_trips():
    """A coalition's verdict is an ordinary verdict, bytes and all."""
    found = trace_coalition(*coalition(uniform(200), 2, 0.1, "bytes"), bias=uniform(200))
    assert type(found.verdict).from_bytes(found.verdict.to_bytes()) == found.verdict


def test_nobody_enrolled_is_an_unknown_source():
    """No candidates, or no evidence: nobody is named."""
    empty = Candidates(release="r", devices=(), copies=(), codewords=np.zeros((0, 8), dtype=np.int8))
    assert trace_coalition(evidence(np.ones(8)), empty, bias=uniform(8)).verdict.unknown_source
    _, devices = coalition(uniform(200), 2, 0.1, "none")
    assert trace_coalition(evidence(np.zeros(200)), devices, bias=uniform(200)).verdict.unknown_source


def test_mismatches_are_refused():
    """Another release, another length and too few declared tests are errors."""
    ev, devices = coalition(uniform(200), 2, 0.1, "bad")
    with pytest.raises(WrongRelease):
        trace_coalition(evidence(ev.values, release="other"), devices, bias=uniform(200))
    with pytest.raises(ParameterError):
        trace_coalition(ev, devices, bias=uniform(100))
    with pytest.raises(ParameterError):
        trace_coalition(ev, devices, bias=uniform(200), tests=5)
