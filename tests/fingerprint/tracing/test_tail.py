"""The false-accusation theorem for linear scores: against enumeration and against fresh codewords."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from fingerprint import seeds, statistics
from fingerprint.errors import ParameterError
from fingerprint.tracing import CATALOGUE, Bias, arcsine, uniform
from fingerprint.tracing.tail import CELLS, Tail, on_lattice

positions = st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 65535)), min_size=1, max_size=9)


def _enumerated(weights: np.ndarray, bias: Bias) -> tuple[np.ndarray, np.ndarray]:
    words = np.array(list(itertools.product((-1, 1), repeat=bias.length)))
    chances = np.where(words > 0, bias.plus, 1 - bias.plus).prod(axis=1)
    return words @ weights, chances


@given(positions)
@settings(max_examples=60, deadline=None)
def test_the_tail_is_exact(rows: list[tuple[int, int]]):
    """P(S >= s) equals the sum over all 2^L codewords, from above, at every s; so does the deviation."""
    weights, counts = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    bias = Bias(counts=counts)
    tail = Tail(weights=weights, bias=bias)
    sums, chances = _enumerated(weights, bias)
    for s in range(-tail.reach - 2, tail.reach + 3):
        true = float(chances[sums >= s].sum())
        found = float(tail.probability(s))
        assert true <= found * (1 + 1e-12)
        assert found <= true * (1 + 1e-6) + 1e-250
    mean = float(chances @ sums)
    assert tail.deviation == pytest.approx(np.sqrt(chances @ (sums - mean) ** 2), rel=1e-9, abs=1e-9)


@given(positions, st.floats(1e-9, 0.9))
@settings(max_examples=60, deadline=None)
def test_the_threshold_is_the_smallest_that_will_do(rows: list[tuple[int, int]], alpha: float):
    """At the threshold the tail is at most alpha, one lattice step (2) below it is over."""
    weights, counts = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    tail = Tail(weights=weights, bias=Bias(counts=counts))
    least = tail.threshold(alpha)
    assert tail.probability(least) <= alpha
    assert tail.probability(least - 2) > alpha


@given(positions, st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_chernoff_bounds_the_exact_tail(rows: list[tuple[int, int]], share: float):
    """The closed bound is never below the exact probability."""
    weights, counts = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    tail = Tail(weights=weights, bias=Bias(counts=counts))
    s = int(share * tail.reach)
    assert tail.chernoff(s) >= float(tail.probability(s)) * (1 - 1e-6) - 1e-250


@pytest.fixture(scope="module", params=["uniform", "tardos"])
def fresh(request: pytest.FixtureRequest) -> tuple[Bias, np.ndarray]:
    """A bias and 10^6 codewords that never met a suspect."""
    bias = uniform(96) if request.param == "uniform" else arcsine(b"b" * 32, 96, coalition=5)
    return bias, bias.draw(seeds.stream("tail", "fresh", request.param), 1_000_000)


@pytest.mark.parametrize("name", CATALOGUE)
def test_fresh_codewords_keep_to_the_tail(name: str, fresh: tuple[Bias, np.ndarray]):
    """Of 10^6 codewords that never met the suspect, no more pass than the tail allows, at 1e-1 to 1e-5."""
    bias, codewords = fresh
    rng = seeds.stream("tail", name)
    coalition = bias.draw(rng, 4)
    evidence = coalition.mean(axis=0) + 0.3 * rng.normal(size=bias.length)
    weights = CATALOGUE[name].weights(evidence, bias, coalition[:1])
    tail = Tail(weights=on_lattice(weights, cells=4096), bias=bias)
    w = tail.weights.astype(np.float32)  # sums below 2^24: exact
    sums = np.concatenate([part.astype(np.float32) @ w for part in np.array_split(codewords, 20)])
    p = tail.probability(sums.astype(np.int64))
    for alpha in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        hits = int((p <= alpha).sum())
        lowest = beta.ppf(1e-6, hits, len(p) - hits + 1) if hits else 0.0
        assert lowest <= alpha


def test_uniform_weights_agree_with_the_scheme_s_bounds():
    """For p = 1/2 the standardised score is t and the exact tail lies under both closed bounds."""
    weights = np.rint(40 * seeds.stream("tail", "uniform").normal(size=200)).astype(np.int64)
    tail = Tail(weights=weights, bias=uniform(200))
    sums = np.arange(0, tail.reach, 97)
    t = tail.standardised(sums)
    assert t[1] == pytest.approx(97 / np.linalg.norm(weights))
    assert (tail.probability(sums) <= statistics.tail_bound(t) * (1 + 1e-6) + 1e-200).all()


def test_the_lattice_keeps_the_direction():
    """Rounded weights point where the weights did, and their sum stays near the cells asked for."""
    weights = seeds.stream("tail", "lattice").normal(size=1152)
    rounded = on_lattice(weights)
    cosine = rounded @ weights / np.linalg.norm(rounded) / np.linalg.norm(weights)
    assert cosine > 0.9999
    assert abs(int(np.abs(rounded).sum()) - CELLS) < len(weights)
    assert not on_lattice(np.zeros(3)).any()


def test_no_evidence_accuses_nobody():
    """Weights of nought give probability one and a threshold that nobody reaches."""
    tail = Tail(weights=np.zeros(5, dtype=np.int64), bias=uniform(5))
    assert float(tail.probability(0)) == 1.0
    assert tail.threshold(0.5) > tail.reach
    assert float(tail.standardised(0)) == 0.0


def test_bad_weights_are_refused():
    """Another length, NaN and weights too fine to convolve are errors."""
    with pytest.raises(ParameterError):
        Tail(weights=np.zeros(3, dtype=np.int64), bias=uniform(5))
    with pytest.raises(ParameterError):
        Tail(weights=np.full(5, 10**9, dtype=np.int64), bias=uniform(5))
    with pytest.raises(ParameterError):
        on_lattice(np.array([np.nan]))
