"""The theorem on top of the search: the same figures as `verify.judge`."""

import numpy as np
import pytest

from fingerprint.errors import ParameterError, WrongRelease
from fingerprint.identify import identify
from fingerprint.verify import Candidates, Evidence, judge

BITS = 96


def evidence_of(values: np.ndarray, release: str = "sha256:00") -> Evidence:
    """Evidence as `gather` would leave it."""
    return Evidence(
        release=release,
        values=values,
        kind="logits",
        probes=100,
        scheme="subspace",
        alpha=1e-6,
        observation_digest="sha256:11",
    )


def test_the_same_verdict_as_judging_every_device(fleet, make_index):
    """Scores, p, family-wise p, threshold and names agree with the recipe's."""
    codewords = fleet(500, BITS)
    evidence = evidence_of(codewords[123] + 0.5 * np.random.default_rng(1).normal(size=BITS))
    names = tuple(map(str, range(500)))
    candidates = Candidates(release="sha256:00", devices=names, copies=names, codewords=codewords)
    verdict = judge(evidence, candidates, tests=1000)
    found = identify(evidence, make_index(codewords), tests=1000)
    assert [str(p) for p in found.positions] == [row.device for row in verdict.ranked]
    assert found.scores == pytest.approx([row.score for row in verdict.ranked])
    assert found.family_wise == pytest.approx([row.family_wise_p for row in verdict.ranked])
    assert found.p_values == pytest.approx([row.p_value for row in verdict.ranked])
    assert [str(p) for p in found.named] == list(verdict.named) == ["123"]
    assert found.threshold == verdict.threshold


def test_nobody_is_named_without_evidence(fleet, make_index):
    """Unrelated evidence: an unknown source; all N devices are accounted for."""
    found = identify(evidence_of(np.random.default_rng(2).normal(size=BITS)), make_index(fleet(500, BITS)))
    assert found.named.size == 0
    assert found.tests == 500


def test_more_named_than_kept_are_all_found(fleet, make_index):
    """Forty copies of one codeword among 500: all are named though ten were asked for."""
    codewords = fleet(500, BITS).copy()
    codewords[::13] = codewords[0]
    found = identify(evidence_of(codewords[0].astype(float)), make_index(codewords), keep=10)
    assert sorted(found.named.tolist()) == list(range(0, 500, 13))


def test_an_empty_index_names_nobody(make_index):
    """No devices, one hypothesis."""
    found = identify(evidence_of(np.ones(BITS)), make_index(np.zeros((0, BITS), dtype=np.int8)))
    assert (found.named.size, found.tests) == (0, 1)


def test_wrong_release_and_too_few_tests_are_refused(fleet, make_index):
    """Codewords of another release prove nothing; every device is a test."""
    index = make_index(fleet(5, BITS))
    with pytest.raises(WrongRelease):
        identify(evidence_of(np.ones(BITS), release="sha256:22"), index)
    with pytest.raises(ParameterError, match="every device"):
        identify(evidence_of(np.ones(BITS)), index, tests=4)
