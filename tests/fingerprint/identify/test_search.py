"""Searching in shards: the obvious ranking, over any executor."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingerprint.errors import MalformedError, ParameterError
from fingerprint.identify import search
from fingerprint.identify.layout import BLOCK
from fingerprint.identify.search import split

DEVICES, BITS = 3 * BLOCK + 777, 72


@pytest.fixture(scope="module")
def devices(fleet):
    """49,929 codewords of 72 bits."""
    return fleet(DEVICES, BITS)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(arrays(np.float64, BITS, elements=st.floats(-100, 100)), st.integers(1, 200), st.integers(1, 9))
def test_any_evidence_any_k_any_shards(devices, obvious, make_index, evidence, keep, shards):
    """Scores equal those of the slow formula; where they differ among themselves, so do the positions."""
    found = search(make_index(devices), evidence, keep=keep, shards=shards)
    positions, scores = obvious(evidence, devices, keep + 1)
    assert found.scores == pytest.approx(scores[:keep], abs=1e-9)
    if np.diff(scores).max() < -1e-9:  # no ties, in which rounding decides
        assert found.positions.tolist() == positions[:keep]


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("kind", ["normal", "heavy", "few", "one-hot", "copy"])
def test_evidence_of_every_shape(devices, obvious, make_index, kind, engine):
    """Ordinary, heavy-tailed, concentrated evidence, and that of a real copy."""
    rng = np.random.default_rng(4)
    evidence = {
        "normal": rng.normal(size=BITS),
        "heavy": rng.standard_cauchy(size=BITS),
        "few": rng.normal(size=BITS) * (rng.random(BITS) < 0.05) + 1e-9,
        "one-hot": np.eye(BITS)[7] * 1e-200,
        "copy": devices[40_000] + rng.normal(size=BITS),
    }[kind]
    found = search(make_index(devices), evidence, keep=50, engine=engine)
    positions, scores = obvious(evidence, devices, 50)
    assert found.scores == pytest.approx(scores, abs=1e-9)
    if kind == "copy":
        assert found.positions[0] == 40_000
    if kind in ("normal", "heavy", "copy"):
        assert found.positions.tolist() == positions


@pytest.mark.parametrize("pool", ["threads", "processes"])
def test_any_executor(devices, obvious, make_index, pool):
    """Threads and freshly started processes give the same top."""
    evidence = np.random.default_rng(6).normal(size=BITS)
    index = make_index(devices)
    executor = (
        ThreadPoolExecutor(3)
        if pool == "threads"
        else ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver"))
    )
    with executor:
        found = search(index, evidence, keep=20, executor=executor, shards=3)
    assert found.positions.tolist() == obvious(evidence, devices, 20)[0]


def test_blocks_that_are_mapped_already(devices, obvious, make_index):
    """Searching mapped blocks is searching their file."""
    evidence = np.random.default_rng(9).normal(size=BITS)
    index = make_index(devices)
    found = search(index.blocks(), evidence, keep=30, shards=3)
    assert found.positions.tolist() == search(index, evidence, keep=30).positions.tolist()
    assert found.positions.tolist() == obvious(evidence, devices, 30)[0]


def test_a_file_that_was_replaced_is_not_searched(fleet, make_index):
    """Another release, or fewer devices, behind the same path."""
    index, other = make_index(fleet(9, 16)), make_index(fleet(5, 16))
    index.path.write_bytes(other.path.read_bytes())
    with pytest.raises(MalformedError, match="replaced"):
        search(index, np.ones(16))


def test_small_fleets(fleet, make_index):
    """One device, fewer devices than k, none at all."""
    evidence = np.linspace(1, 2, 16)
    assert search(make_index(fleet(1, 16)), evidence).positions.tolist() == [0]
    assert search(make_index(fleet(5, 16)), evidence, keep=10).positions.size == 5
    assert search(make_index(np.zeros((0, 16), dtype=np.int8)), evidence).positions.size == 0


@given(st.integers(0, 50 * BLOCK), st.integers(1, 64))
def test_shards_cover_every_block_once(count, shards):
    """Ranges follow each other from first to last block, none empty."""
    parts = split(count, shards)
    assert [block for start, stop in parts for block in range(start, stop)] == list(range(-(-count // BLOCK)))
    assert all(start < stop for start, stop in parts)


def test_what_cannot_be_searched_is_refused(fleet, make_index):
    """Evidence of another length or NaN, nothing to keep, no shards, an engine nobody knows."""
    index = make_index(fleet(3, 16))
    for wrong in (
        lambda: search(index, np.ones(15)),
        lambda: search(index, np.full(16, np.nan)),
        lambda: search(index, np.ones(16), keep=0),
        lambda: search(index, np.ones(16), shards=0),
        lambda: search(index, np.ones(16), engine="abacus"),
    ):
        with pytest.raises(ParameterError):
            wrong()
