"""The ring-oscillator model against its formula and the published figures."""

import math

import numpy as np
import pytest

from fingerprint.errors import ParameterError
from fingerprint.puf import AGED, HOT, NOMINAL, Environment, RingOscillatorPuf, RingParameters, pairing


def test_noise_is_a_pairs_noise_over_its_signal():
    """Without gradient and layout part, the mean error of disjoint pairs is arctan(noise) / pi."""
    parameters = RingParameters(noise=0.158, gradient=0, design=0)
    chip = RingOscillatorPuf.manufacture("error", oscillators=100_000, parameters=parameters)
    reference = pairing.compare(chip.settled(), chip.pairs)
    measured = (chip.read(np.random.default_rng(1))[0] != reference).mean()
    assert measured == pytest.approx(math.atan(0.158) / math.pi, rel=0.05)


def test_a_layout_makes_chips_alike():
    """The default chain reproduces an inter-device distance of 46 to 47 %; without layout part it is 50 %."""
    for design, low, high in ((0.0016, 0.45, 0.48), (0.0, 0.49, 0.51)):
        chips = RingOscillatorPuf.manufacture(
            "alike", design, oscillators=512, devices=60, parameters=RingParameters(design=design),
            pairs=pairing.chain(512),
        )  # fmt: skip
        bits = chips.read(np.random.default_rng(1))[:, 0].astype(np.float64)
        share = bits.mean(axis=0)
        assert low < 2 * (share * (1 - share)).mean() * 60 / 59 < high


def test_a_gradient_biases_distant_pairs():
    """Uniformity spreads over chips far more for pairs eight columns apart than for neighbours."""
    spread = []
    for pairs in (pairing.disjoint(512), pairing.apart(512, 8)):
        chips = RingOscillatorPuf.manufacture("slope", oscillators=512, devices=80, pairs=pairs)
        spread.append(chips.read(np.random.default_rng(1))[:, 0].mean(axis=1).std())
    assert spread[1] > 2 * spread[0]


def test_counts_are_whole():
    """A frequency is a whole number of counts over the window; a short window makes ties, which are zeros."""
    chip = RingOscillatorPuf.manufacture("count", oscillators=64, parameters=RingParameters(window=1e-3))
    counts = chip.measure(np.random.default_rng(1), reads=3) * 1e-3
    assert np.allclose(counts, np.round(counts), atol=1e-6)
    coarse = RingOscillatorPuf.manufacture("count", oscillators=64, parameters=RingParameters(window=1e-9))
    assert not coarse.read(np.random.default_rng(1)).any()


def test_environment_moves_all_and_each():
    """Low supply slows every oscillator; heat and age flip some pairs; a fresh nominal chip flips none."""
    chip = RingOscillatorPuf.manufacture("environment", oscillators=4000)
    assert (chip.settled(Environment(supply=0.9)) < 0.95 * chip.settled()).all()
    assert (chip.settled(HOT) < chip.settled()).all()
    reference = pairing.compare(chip.settled(), chip.pairs)
    flips = {e: (pairing.compare(chip.settled(e), chip.pairs) != reference).mean() for e in (NOMINAL, HOT, AGED)}
    assert flips[NOMINAL] == 0
    assert 0.002 < flips[HOT] < 0.05
    assert 0.002 < flips[AGED] < 0.05


def test_pairings():
    """Chains share oscillators, the other pairings do not; names find them."""
    for name, bits in (("chain", 31), ("disjoint", 16), ("apart", 16)):
        pairs = pairing.find(name)(32)
        assert len(pairs) == bits
        assert (len(np.unique(pairs)) == pairs.size) == (name != "chain")
    with pytest.raises(ParameterError, match="no pairing"):
        pairing.find("circle")


def test_impossible_chips_are_refused():
    """No oscillators, pairs that do not exist, parameters out of range."""
    for fields in ({"oscillators": 0}, {"oscillators": 8, "devices": 0}, {"oscillators": 8, "columns": 0},
                   {"oscillators": 1}, {"oscillators": 8, "pairs": pairing.chain(9)}):  # fmt: skip
        with pytest.raises(ParameterError):
            RingOscillatorPuf.manufacture("x", **fields)
    for fields in ({"nominal": 0.0}, {"spread": -1.0}, {"window": math.inf}, {"noise": math.nan}, {"gradient": -1.0}):
        with pytest.raises(ParameterError):
            RingParameters(**fields)
    with pytest.raises(ParameterError, match="reads"):
        RingOscillatorPuf.manufacture("x", oscillators=4).read(np.random.default_rng(1), reads=0)
