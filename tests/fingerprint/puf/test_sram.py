"""The SRAM cell model does what its formula says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from fingerprint.errors import ParameterError
from fingerprint.puf import AGED, CORNERS, HOT, NOMINAL, Environment, SramParameters, SramPuf
from fingerprint.puf.process import normals


@pytest.mark.parametrize(("noise", "error"), [(0.0262, 0.00834), (0.0945, 0.03), (0.158, 0.05), (0.325, 0.1)])
def test_mean_error_is_arctan_lambda_over_pi(noise, error):
    """The mean error against the noise-free value is arctan(lambda) / pi, the reference's table."""
    chip = SramPuf.manufacture("error", noise, cells=200_000, parameters=SramParameters(noise=noise))
    measured = (chip.read(np.random.default_rng(1))[0] != (chip.mismatch > 0)).mean()
    assert math.atan(noise) / math.pi == pytest.approx(error, rel=0.01)
    assert abs(measured - error) < 5 * math.sqrt(error / 200_000)


def test_bias_sets_the_share_of_ones():
    """A mean mismatch of 0.2533 gives 60 % ones."""
    chip = SramPuf.manufacture("bias", cells=100_000, parameters=SramParameters(bias=0.2533, noise=0))
    assert chip.read(np.random.default_rng(1)).mean() == pytest.approx(0.6, abs=0.008)


def test_reads_follow_the_one_probability_of_each_cell():
    """The share of ones over many reads of a cell is Phi(m' / lambda')."""
    chip = SramPuf.manufacture("p", cells=40, parameters=SramParameters(noise=0.8))
    share = chip.read(np.random.default_rng(2), reads=20_000, environment=HOT).mean(axis=0)
    assert np.abs(share - ndtr(chip.margin(HOT) / chip.noise(HOT))).max() < 0.02


def test_away_from_nominal_there_are_more_errors():
    """Heat, age and every corner flip more cells than the nominal environment."""
    chip = SramPuf.manufacture("corner", cells=50_000)
    reference = chip.mismatch > 0

    def error(environment) -> float:
        return (chip.read(np.random.default_rng(3), environment=environment)[0] != reference).mean()

    nominal = error(NOMINAL)
    assert all(error(environment) > nominal for environment in (HOT, AGED, *CORNERS))
    assert 0.08 < error(HOT) < 0.10


def test_two_years_of_age_add_a_fifth_of_the_errors():
    """Two years raise the error by about 19 %, as arXiv 2007.15909 measured."""
    chip = SramPuf.manufacture("age", cells=1_000_000)
    reference = chip.mismatch > 0

    def error(environment) -> float:
        q = ndtr(chip.margin(environment) / chip.noise(environment))
        return np.where(reference, 1 - q, q).mean()

    assert error(Environment(years=2)) / error(NOMINAL) == pytest.approx(1.193, abs=0.02)


def test_a_batch_is_its_chips():
    """Chip i of a batch has row i's cells; a single chip has no chips inside."""
    batch = SramPuf.manufacture("batch", cells=64, devices=3)
    assert batch.shape == (3,)
    assert np.array_equal(batch.chip(2).margin(HOT), batch.margin(HOT)[2])
    with pytest.raises(ParameterError, match="no chip 3"):
        batch.chip(3)
    with pytest.raises(ParameterError, match="no chip"):
        batch.chip(0).chip(0)


@given(st.sampled_from(["noise", "thermal", "supply", "ramp", "ageing"]), st.sampled_from([-1.0, math.nan, math.inf]))
def test_impossible_parameters_are_refused(name, value):
    """A negative or non-finite spread has no meaning."""
    with pytest.raises(ParameterError, match=name):
        SramParameters(**{name: value})


def test_impossible_bias_and_shapes_are_refused():
    """A bias that is not finite, no cells, no reads and coefficients of another shape are refused."""
    with pytest.raises(ParameterError, match="bias"):
        SramParameters(bias=math.nan)
    with pytest.raises(ParameterError, match="cells"):
        SramPuf.manufacture("x", cells=0)
    with pytest.raises(ParameterError, match="devices"):
        SramPuf.manufacture("x", cells=8, devices=0)
    chip = SramPuf.manufacture("x", cells=8)
    with pytest.raises(ParameterError, match="reads"):
        chip.read(np.random.default_rng(1), reads=0)
    with pytest.raises(ParameterError, match="coefficients"):
        SramPuf(parameters=chip.parameters, mismatch=chip.mismatch, coefficients=chip.coefficients[:3])


@pytest.mark.parametrize("field", ["celsius", "supply", "years", "ramp"])
@pytest.mark.parametrize("value", [-1e3, 1e4, math.nan])
def test_impossible_environments_are_refused(field, value):
    """Values outside the stated ranges are refused."""
    with pytest.raises(ParameterError, match="out of range"):
        Environment(**{field: value})


def test_process_variation_is_standard_normal_and_fixed():
    """Mean 0, variance 1, and the very same numbers for ever (a stored chip depends on it)."""
    x = normals("moments", shape=(200_000,))
    assert abs(x.mean()) < 0.01
    assert abs(x.std() - 1) < 0.01
    assert normals("fixed", 1, shape=(3,)).tolist() == pytest.approx(FIXED, abs=1e-6)
    assert normals("none", shape=(0, 4)).shape == (0, 4)


FIXED = [0.29164889, -2.42060828, 0.56204700]
