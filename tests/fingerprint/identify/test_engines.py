"""Conformance of every engine: whole-number scores equal the obvious ones, for every evidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingerprint import trace
from fingerprint.errors import ParameterError
from fingerprint.identify.engines import ENGINES, engine
from fingerprint.identify.layout import pack_codewords, to_blocks
from fingerprint.identify.query import prepare, quantise
from fingerprint.identify.scan import exact_scores, scan

lengths = st.integers(1, 150)
evidences = lengths.flatmap(lambda n: arrays(np.float64, n, elements=st.floats(-1e3, 1e3)))


@pytest.mark.parametrize("name", sorted(ENGINES))
@settings(max_examples=30, deadline=None)
@given(evidences, st.integers(2, 5))
def test_rough_scores_are_exact_in_whole_numbers_and_within_the_slack(fleet, name, evidence, bits):
    """<x, q> is what counting by hand gives, and s <c, q> misses no score by more than r."""
    codewords = fleet(40, evidence.size)
    size = np.linalg.norm(evidence)
    direction = evidence / size if size > 0 else evidence * 0
    planes = quantise(direction, bits)
    words = to_blocks(pack_codewords(codewords), evidence.size).words[0]
    inner = engine(name).inner(words, planes)[:40]
    levels = np.clip(np.rint(direction / planes.step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if planes.step else 0
    assert inner.tolist() == ((codewords > 0) * levels).sum(axis=1).astype(int).tolist()
    truth = trace.scores(evidence, codewords)
    assert (np.abs(planes.rough(inner) - truth) <= planes.slack).all()
    assert all(i >= planes.least(t) for i, t in zip(inner, truth, strict=True))


@pytest.mark.parametrize("name", sorted(ENGINES))
@settings(max_examples=30, deadline=None)
@given(evidences, st.integers(1, 60))
def test_a_scan_is_the_obvious_ranking(fleet, obvious, name, evidence, keep):
    """Scores of the best k, and positions where no scores are equal."""
    codewords = fleet(50, evidence.size)
    found = scan(
        to_blocks(pack_codewords(codewords), evidence.size),
        prepare(evidence, devices=50, keep=keep),
        keep,
        engine(name),
    )
    positions, scores = obvious(evidence, codewords, 50)
    assert found.scores == pytest.approx(scores[:keep], abs=1e-9)
    if np.diff(scores[: keep + 1]).max(initial=-1) < -1e-9:  # no ties, in which rounding decides
        assert found.positions.tolist() == positions[:keep]


@given(evidences)
def test_exact_scores_are_the_formula(fleet, evidence):
    """exact_scores of packed words equals trace.scores."""
    codewords = fleet(20, evidence.size)
    size = np.linalg.norm(evidence)
    words = to_blocks(pack_codewords(codewords), evidence.size).words[0][:, :20]
    assert exact_scores(words, evidence / size if size > 0 else evidence * 0) == pytest.approx(
        trace.scores(evidence, codewords), abs=1e-9
    )


def test_ties_keep_the_order_of_positions(fleet):
    """No evidence at all: every device scores zero, and the first k are listed."""
    blocks = to_blocks(pack_codewords(fleet(30, 10)), 10)
    top = scan(blocks, prepare(np.zeros(10), devices=30, keep=4), 4, engine("numpy"))
    assert (top.positions.tolist(), top.scores.tolist()) == ([0, 1, 2, 3], [0.0] * 4)


def test_what_cannot_be_scanned_is_refused(fleet):
    """Evidence of another length, NaN, of two dimensions; nothing to keep; an unknown engine."""
    blocks = to_blocks(pack_codewords(fleet(3, 10)), 10)
    with pytest.raises(ParameterError, match="9 carriers"):
        scan(blocks, prepare(np.ones(9), devices=3, keep=1), 1, engine("numpy"))
    with pytest.raises(ParameterError):
        scan(blocks, prepare(np.ones(10), devices=3, keep=1), 0, engine("numpy"))
    for wrong in (np.full(10, np.nan), np.ones((2, 5))):
        with pytest.raises(ParameterError):
            prepare(wrong, devices=3, keep=1)
    with pytest.raises(ParameterError, match="numpy, numba"):
        engine("abacus")
