"""One value holds everything that a report says."""

import numpy as np
import pytest

from fingerprint.errors import ParameterError
from fingerprint.puf import RingOscillatorPuf, SramPuf
from fingerprint.puf.analysis import analyse
from fingerprint.puf.metrics import metrics_data, reference


def test_the_parts_agree_with_one_another():
    """Distances, shares and figures are those of the same responses, every pair of devices once."""
    batch = RingOscillatorPuf.manufacture("lot", oscillators=256, devices=9)
    responses = batch.read(np.random.default_rng(1), reads=8)
    found = analyse(responses, generator=np.random.default_rng(2))
    assert found.metrics == metrics_data(responses, generator=np.random.default_rng(2))
    assert (len(found.within), len(found.between), len(found.shares)) == (72, 36, 128)
    assert found.between.mean() == pytest.approx(found.metrics.uniqueness.value, abs=1e-6)
    assert found.within.mean() == pytest.approx(found.fit.error_observed, abs=1e-9)
    assert np.array_equal(found.shares, reference(responses).mean(axis=0))
    assert found.unhealthy == 0


def test_unhealthy_reads_are_counted_one_by_one():
    """Three stuck or repeated reads of two devices are three."""
    responses = SramPuf.manufacture("lot", cells=256, devices=4).read(np.random.default_rng(1), reads=5)
    responses[0, :2] = 0
    responses[3, 4, 64:128] = responses[3, 4, :64]
    assert analyse(responses, generator=np.random.default_rng(2)).unhealthy == 3


def test_too_little_to_analyse_is_refused():
    """One device or one read is not a population."""
    responses = SramPuf.manufacture("lot", cells=256, devices=2).read(np.random.default_rng(1), reads=2)
    for part in (responses[:1], responses[:, :1]):
        with pytest.raises(ParameterError, match="responses"):
            analyse(part, generator=np.random.default_rng(2))
