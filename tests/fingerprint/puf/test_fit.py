"""The fitter finds what was put in, and agrees with the published measurements."""

import math

import numpy as np
import pytest

from fingerprint.errors import ParameterError
from fingerprint.puf import RingOscillatorPuf, RingParameters, SramParameters, SramPuf, measured, pairing
from fingerprint.puf.fit import count_distribution, fit_data

# 193 Spartan-3E chips, 256 disjoint adjacent pairs, 100 samples (Maiti et al., HOST 2010), analysed for this program:
# cells by share of ones between .005, .1, .3, .5, .7, .9, .995.
PUBLISHED_MODEL = (620, 397, 272, 270, 380, 651)
PUBLISHED_DATA = (610, 403, 295, 253, 379, 656)
EDGES = ((1, 10), (10, 30), (30, 50), (50, 70), (70, 90), (90, 100))


@pytest.mark.parametrize(("noise", "bias"), [(0.0262, 0.0), (0.158, 0.2), (0.5, -0.3), (2.0, 0.0)])
def test_counts_follow_the_model(noise, bias):
    """The distribution sums to one and is that of simulated cells."""
    chances = count_distribution(12, noise=noise, bias=bias)
    assert chances.sum() == pytest.approx(1)
    chip = SramPuf.manufacture("counts", noise, cells=200_000, parameters=SramParameters(noise=noise, bias=bias))
    ones = chip.read(np.random.default_rng(1), reads=12).sum(axis=0)
    assert np.abs(np.bincount(ones, minlength=13) / 200_000 - chances).max() < 0.005


def test_mean_error_of_the_distribution_is_arctan():
    """The minority share over very many reads is the error against the noise-free value, arctan(lambda) / pi."""
    chances = count_distribution(4000, noise=0.1)
    minority = np.minimum(np.arange(4001), np.arange(4000, -1, -1)) / 4000
    assert chances @ minority == pytest.approx(math.atan(0.1) / math.pi, rel=0.01)


def test_published_histogram():
    """At lambda = 0.0262 the histogram is the published model's, and within chance of the published data."""
    cells = 193 * 256 * count_distribution(100, noise=0.0262)
    bins = np.array([cells[low:high].sum() for low, high in EDGES])
    assert np.abs(bins - PUBLISHED_MODEL).max() < 3
    assert ((bins - PUBLISHED_DATA) ** 2 / bins).sum() < 12.6  # chi-square, 6 degrees, 5 %
    assert (cells[0] + cells[-1]) / cells.sum() == pytest.approx(0.9475, abs=5e-4)


def test_a_stand_in_of_the_published_measurement_gives_the_same_fit():
    """193 simulated chips, one of them through the parser: lambda 0.0262, error 0.834 %, 94.75 % stable."""
    chips = RingOscillatorPuf.manufacture("stand-in", oscillators=512, devices=193,
                                          parameters=RingParameters(design=0, gradient=0))  # fmt: skip
    hertz = chips.measure(np.random.default_rng(1), reads=100)
    text = "\n".join(",".join(f"{x:.0f}" for x in row) + "," for row in hertz[0].T)
    assert np.array_equal(measured.parse_frequencies(text.encode(), name="chip_1.csv"), hertz[0])
    found = fit_data(pairing.compare(hertz, pairing.disjoint(512)))
    assert found.noise == pytest.approx(0.0262, abs=3 * found.noise_error)
    assert found.noise_error < 0.0006
    assert found.error_observed == pytest.approx(0.00834, abs=0.0004)
    assert found.mean_error == pytest.approx(0.00834, abs=0.0004)
    assert found.stable_observed == pytest.approx(found.stable_expected, abs=0.002)
    assert found.distance < 0.005
    assert found.chi_square < found.degrees + 4 * math.sqrt(2 * found.degrees)


@pytest.mark.parametrize(("noise", "bias"), [(0.05, 0.0), (0.3, 0.25)])
def test_parameters_come_back(noise, bias):
    """Noise within three standard errors, bias within chance, and the parameters make the same simulation."""
    batch = SramPuf.manufacture("back", noise, cells=3000, devices=4, parameters=SramParameters(noise=noise, bias=bias))
    found = fit_data(batch.read(np.random.default_rng(1), reads=15))
    assert abs(found.noise - noise) < 3 * found.noise_error
    assert found.bias == pytest.approx(bias, abs=0.05)
    assert found.parameters() == SramParameters(noise=found.noise, bias=found.bias)


def test_a_wrong_model_shows():
    """Cells that all err with the same 10 % are no hidden-variable cells: the distance and chi-square are huge."""
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2, (3, 1, 2000), dtype=np.uint8) ^ (rng.random((3, 20, 2000)) < 0.1)
    found = fit_data(values.astype(np.uint8))
    assert found.distance > 0.2
    assert found.chi_square > 20 * found.degrees


def test_unfit_data_is_refused():
    """One read, no noise at all, impossible parameters."""
    with pytest.raises(ParameterError, match="two reads"):
        fit_data(np.zeros((2, 1, 8), dtype=np.uint8))
    with pytest.raises(ParameterError, match="no cell changes"):
        fit_data(np.zeros((2, 3, 8), dtype=np.uint8))
    for fields in ({"reads": 0, "noise": 0.1}, {"reads": 3, "noise": 0.0}, {"reads": 3, "noise": 1, "bias": math.nan}):
        with pytest.raises(ParameterError):
            count_distribution(**fields)
