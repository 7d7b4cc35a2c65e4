"""Judging packed codewords gives the verdict of judging a matrix of them."""

import dataclasses

import numpy as np
import pytest

from fingerprint.errors import ParameterError, WrongRelease
from fingerprint.evidence import Evidence
from fingerprint.identify import HeldCodewords, judge_packed, pack_codewords
from fingerprint.identify.layout import to_blocks
from fingerprint.verdict import Verdict
from fingerprint.verify import RANKED, Candidates, judge

BITS = 96


def evidence_of(values: np.ndarray, alpha: float = 1e-6) -> Evidence:
    """Evidence as `gather` would leave it."""
    return Evidence(
        release="sha256:00",
        values=values,
        kind="logits",
        probes=100,
        scheme="subspace",
        alpha=alpha,
        observation_digest="sha256:11",
    )


def held(codewords: np.ndarray, release: str = "sha256:00") -> HeldCodewords:
    """Codewords in memory."""
    return HeldCodewords(release=release, packed=to_blocks(pack_codewords(codewords), codewords.shape[1]))


def label(positions) -> list[tuple[str, str]]:
    """Device and copy of a position."""
    return [(f"d{position}", f"c{position}") for position in positions]


def rounded(verdict: Verdict) -> dict:
    """The verdict, its sums rounded: two ways of adding differ in the last bits."""
    fields = verdict.to_dict()
    rows = [{name: pytest.approx(value) if isinstance(value, float) else value for name, value in row.items()}
            for row in fields["ranked"]]  # fmt: skip
    return {**fields, "ranked": rows}


@pytest.mark.parametrize(("count", "named"), [(0, 0), (1, 0), (3, 1), (500, 1), (400, 300)])
def test_the_same_verdict(fleet, make_index, count, named):
    """Every field and row agrees, in memory and in a file: none, few, many, and more named than are listed."""
    codewords = fleet(max(count, 1), BITS)[:count]
    codewords[:named] = codewords[:1]
    noise = np.random.default_rng(1).normal(size=BITS)
    evidence = evidence_of(codewords[0] + 0.3 * noise if named else noise)
    names, copies = zip(*label(range(count)), strict=True) if count else ((), ())
    candidates = Candidates(release="sha256:00", devices=names, copies=copies, codewords=codewords)
    obvious = judge(evidence, candidates, tests=1000)
    assert len(obvious.named) == named
    assert len(obvious.ranked) == max(min(count, RANKED), named)
    for index in (held(codewords), make_index(codewords)):
        assert judge_packed(evidence, index, label, tests=1000).to_dict() == rounded(obvious)


def test_what_it_cannot_judge_is_refused(fleet):
    """Another scheme, another release, evidence of another length, too few tests."""
    codewords, evidence = held(fleet(5, BITS)), evidence_of(np.ones(BITS))
    with pytest.raises(ParameterError, match="cosine"):
        judge_packed(dataclasses.replace(evidence, scheme="cosine"), codewords, label)
    with pytest.raises(WrongRelease):
        judge_packed(evidence, held(fleet(5, BITS), "sha256:01"), label)
    with pytest.raises(ParameterError):
        judge_packed(evidence_of(np.ones(BITS - 1)), codewords, label)
    with pytest.raises(ParameterError):
        judge_packed(evidence, codewords, label, tests=4)


def test_codewords_are_not_shown(fleet):
    """What is printed of them is their number."""
    assert "uint64" not in repr(held(fleet(5, BITS)))
