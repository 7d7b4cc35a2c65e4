"""Metrics: right on hand-made responses, unbiased, with intervals that cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.errors import ParameterError
from fingerprint.puf import RingOscillatorPuf, SramParameters, SramPuf, metrics
from fingerprint.puf.bootstrap import bootstrap


def _rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_hand_made_responses():
    """Two devices, three reads, four bits: every figure by hand."""
    one = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    two = [[0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0]]
    responses = np.array([one, two], dtype=np.uint8)
    assert metrics.reference(responses).tolist() == [[1, 1, 0, 0], [0, 1, 1, 0]]
    assert metrics.uniformity_data(responses, generator=_rng()).value == pytest.approx((5 + 6) / 24)
    assert metrics.uniqueness_data(responses, generator=_rng()).value == pytest.approx(2 / 4)
    assert metrics.reliability_data(responses, generator=_rng()).value == pytest.approx(1 - (2 / 3) / 8)
    shares = np.array([0.5, 1, 0.5, 0])
    own = (shares * (1 - shares)).mean()
    assert metrics.aliasing_data(responses, generator=_rng()).value == pytest.approx(np.sqrt(shares.var() - own))
    smoothed = np.array([1.5, 2.5, 1.5, 0.5]) / 3
    expected = -np.log2(np.maximum(smoothed, 1 - smoothed)).mean()
    assert metrics.min_entropy_data(responses, generator=_rng()).value == pytest.approx(expected)


@pytest.mark.parametrize("reads", [2, 3, 5, 17])
def test_reliability_is_unbiased(reads):
    """Fair coins agree with probability 1/2 whatever the number of reads; the plug-in says 1/2 + 1/(2r)."""
    coins = np.random.default_rng(reads).integers(0, 2, (40, reads, 2000), dtype=np.uint8)
    assert metrics.reliability_data(coins, generator=_rng()).value == pytest.approx(0.5, abs=0.004)
    share = coins.mean(axis=1)
    assert (share**2 + (1 - share) ** 2).mean() == pytest.approx(0.5 + 0.5 / reads, abs=0.004)


@settings(max_examples=25)
@given(st.integers(2, 12), st.integers(2, 6), st.integers(1, 40), st.integers(0, 2**32))
def test_reliability_is_the_mean_over_pairs_of_reads(devices, reads, bits, seed):
    """The closed form is the average agreement over all pairs of different reads; distances are those of the loops."""
    responses = np.random.default_rng(seed).integers(0, 2, (devices, reads, bits), dtype=np.uint8)
    pairs = [(a, b) for a in range(reads) for b in range(a)]
    slow = np.mean([(responses[:, a] == responses[:, b]).mean() for a, b in pairs])
    assert metrics.agreement(responses).mean() == pytest.approx(slow)
    references = metrics.reference(responses)
    slow_distance = (references[:, None] != references[None]).mean(axis=2)
    assert np.allclose(metrics.distances(references), slow_distance, atol=1e-6)


def test_intervals_cover():
    """Over 60 simulated lots of 25 devices the 95 % intervals of uniqueness and reliability cover the truth mostly."""
    covered = np.zeros(2)
    for lot in range(60):
        batch = SramPuf.manufacture("lot", lot, cells=300, devices=25, parameters=SramParameters(noise=0.1))
        responses = batch.read(np.random.default_rng(lot), reads=4)
        unique = metrics.uniqueness_data(responses, generator=_rng())
        reliable = metrics.reliability_data(responses, generator=_rng())
        truth = 1 - np.arccos(1 / (1 + 0.1**2)) / np.pi
        covered += [unique.low <= 0.5 <= unique.high, reliable.low <= truth <= reliable.high]
    assert (covered >= 50).all()


def test_measured_and_simulated_share_one_formula():
    """x(puf) is x_data of its read-outs."""
    batch = RingOscillatorPuf.manufacture("lot", oscillators=128, devices=12)
    found = metrics.metrics(batch, np.random.default_rng(3), reads=5)
    rng = np.random.default_rng(3)
    assert found == metrics.metrics_data(batch.read(rng, reads=5), generator=rng)
    assert (found.devices, found.reads, found.bits) == (12, 5, 64)
    for name in ("uniformity", "uniqueness", "reliability", "aliasing", "min_entropy"):
        estimate = getattr(metrics, name)(batch, np.random.default_rng(4))
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_aliasing_is_seen():
    """Independent cells show no aliasing, a common layout does; min-entropy falls with it."""
    plain = SramPuf.manufacture("plain", cells=1000, devices=60).read(_rng(), reads=3)
    layout = plain.copy()
    layout[:40, :, :300] = plain[0, :, :300]
    clean, biased = (metrics.metrics_data(r, generator=_rng()) for r in (plain, layout))
    assert clean.aliasing.value < 0.02
    assert biased.aliasing.value > 0.1
    assert biased.min_entropy.value < clean.min_entropy.value - 0.1


def test_bootstrap_of_a_mean_has_the_textbook_width():
    """The interval of a mean is about 2 * 1.96 standard errors wide."""
    values = 0.5 + 0.05 * np.random.default_rng(1).normal(size=400)
    found = bootstrap(lambda w: w @ values / 400, devices=400, generator=_rng(), resamples=2000)
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_unfit_responses_are_refused():
    """Other shapes and values, one device, one read, a single chip."""
    good = np.zeros((3, 3, 8), dtype=np.uint8)
    for bad in (good[0], good.astype(np.int64), good + np.uint8(2), good[:1], good[:, :1], good[:, :, :0]):
        with pytest.raises(ParameterError, match="responses"):
            metrics.metrics_data(bad, generator=_rng())
    with pytest.raises(ParameterError, match="batch"):
        metrics.uniformity(SramPuf.manufacture("one", cells=8), _rng())
