"""How many probes: the curve, its ceiling and the power are those of simulated suspects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import ParameterError
from fingerprint.statistics import Pilot, fit_pilot


@given(st.floats(0.004, 0.1), st.floats(0.5, 100))
def test_a_curve_without_noise_is_found_again(systematic, sampling):
    """A and B come back from four exact pilot scores."""
    n = np.array([500, 1000, 2000, 4000])
    pilot = fit_pilot(n, 1 / np.sqrt(systematic + sampling / n))
    assert pilot.systematic == pytest.approx(systematic, rel=1e-6)
    assert pilot.sampling == pytest.approx(sampling, rel=1e-6)
    assert pilot.spread < 1e-6


def test_the_planned_power_is_the_power_of_simulated_suspects():
    """Signature, systematic and sampling noise: the share over the threshold at the planned n is the wanted power."""
    rng, carriers, weak = np.random.default_rng(3), 200, 0.9

    def score(probes: int, count: int) -> np.ndarray:
        c = rng.choice([-1.0, 1.0], size=(count, carriers))
        y = c + rng.normal(size=c.shape) * np.sqrt(weak**2 + 2000 / probes)
        return (c * y).sum(axis=1) / np.linalg.norm(y, axis=1)

    counts = np.repeat([500, 1000, 2000], 40)
    pilot = fit_pilot(counts, np.concatenate([score(n, 40) for n in (500, 1000, 2000)]))
    need = pilot.need(power=0.9, threshold=7.0)
    assert need.probes is not None
    reached = float((score(need.probes, 4000) >= 7.0).mean())
    assert 0.8 < reached < 0.97
    assert pilot.power(need.probes, 7.0) == pytest.approx(0.9, abs=0.01)


def test_it_says_so_when_no_number_of_probes_suffices():
    """A threshold above the ceiling needs no number of probes, and the ceiling is given."""
    need = Pilot(systematic=0.01, sampling=5.0, spread=0.3).need(power=0.5, threshold=10.5)
    assert need.probes is None
    assert need.ceiling == pytest.approx(10.0)


def test_ends_of_the_curve():
    """Nothing systematic: no ceiling. No spread: power jumps from 0 to 1. An easy threshold: one probe."""
    free = Pilot(systematic=0.0, sampling=4.0, spread=0.0)
    assert free.ceiling == float("inf")
    assert (free.power(100, 4.9), free.power(100, 5.1)) == (1.0, 0.0)
    assert free.need(power=0.5, threshold=-1.0).probes == 1


@pytest.mark.parametrize(
    ("n", "t"),
    [
        ([1, 2], [1.0, 2.0]),
        ([5, 5, 5], [1, 2, 3]),
        ([1, 2, 3], [1, 2, -1]),
        ([1, 2, 3], [1, 2]),
        ([0, 2, 3], [1, 2, 3]),
    ],
)
def test_poor_pilots_are_refused(n, t):
    """Too few scores, one count, scores or counts that are not positive, lengths that differ."""
    with pytest.raises(ParameterError):
        fit_pilot(n, t)


def test_power_outside_its_range_is_refused():
    """Power one needs certainty."""
    with pytest.raises(ParameterError):
        Pilot(systematic=0.0, sampling=1.0, spread=0.1).need(power=1.0, threshold=3.0)
