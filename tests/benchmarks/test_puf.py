"""The benchmarks of key failure and of the fit compute what they say."""

import numpy as np
import pytest

from benchmarks.puf.fit import fit_published
from benchmarks.puf.short import AT, BEYOND, STRATA, stratum
from fingerprint.codes import Polar
from fingerprint.codes.polar import design


def test_the_published_histogram_gives_the_published_fit():
    """Our fitter's model on the measured cells: lambda 0.0262, error 0.834 %, and a chi-square that chance explains."""
    found = fit_published()
    assert abs(found["noise"] - 0.0262) < found["noise_error"] < 0.0006
    assert found["error_model"] == pytest.approx(0.00834, abs=1.5e-4)
    assert found["chi_square"] < 11.1  # 5 degrees, 5 %


def test_a_stratum_counts_what_lists_mend():
    """Some words with so many wrong bits defeat the first try; the list mends most of them, the limit is above."""
    code = Polar(n=128, information=design(128, 40, error=0.12), checks=16, paths=8, error=0.12)
    found = stratum(code, 22, wanted=150, seconds=3600, generator=np.random.default_rng(1))
    assert found["words"] > found["defeated"] >= 150
    assert found["failed"] < 0.8 * found["defeated"]
    assert found["failed"] / found["defeated"] < found["unmended_high"] < 1
    again = stratum(code, 22, wanted=150, seconds=3600, generator=np.random.default_rng(1))
    assert again == found


def test_no_time_is_no_claim():
    """Without a word tried, nothing is bounded; the stratum that counts is among those measured, and so is the next."""
    code = Polar(n=64, information=design(64, 24, error=0.1), checks=8, paths=4, error=0.1)
    found = stratum(code, 3, wanted=1, seconds=-1, generator=np.random.default_rng(1))
    assert (found["words"], found["unmended_high"], found["failed_high"]) == (0, 1.0, 1.0)
    assert {AT, BEYOND} < set(STRATA)
