"""Polar codes: the list decoder against all codewords, the bound against exact and simulated rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.codes import Polar, crc, density, polar_list, values_of
from fingerprint.codes.polar import design
from fingerprint.codes.polar_transform import transform
from fingerprint.errors import ParameterError


def _all(width) -> np.ndarray:
    return (np.arange(1 << width)[:, None] >> np.arange(width - 1, -1, -1) & 1).astype(np.uint8)


@given(st.integers(0, 2**32), st.integers(0, 8))
def test_the_transform_is_its_own_inverse_and_a_kronecker_power(seed, exponent):
    """transform(transform(u)) = u, and transform(u) = u F^(m)."""
    u = np.random.default_rng(seed).integers(0, 2, (3, 1 << exponent), dtype=np.uint8)
    assert np.array_equal(transform(transform(u)), u)
    if exponent < 6:
        kernel = np.array([[1]])
        for _ in range(exponent):
            kernel = np.kron(kernel, [[1, 0], [1, 1]])
        assert np.array_equal(transform(u), u @ kernel % 2)


@pytest.mark.parametrize("n", [16, 13])
def test_a_full_list_is_maximum_likelihood(n):
    """With a list as long as the code the decoder finds a codeword of the greatest likelihood, on 300 noisy words."""
    code = Polar(n=n, information=design(n, 6, error=0.1), checks=0, paths=64, error=0.1)
    words = values_of(code.encode(_all(6)))
    received = np.random.default_rng(n).normal(size=(300, n)).astype(np.float32)
    llr = np.zeros((300, 16), dtype=np.float32)
    llr[:, 16 - n :] = received
    found = polar_list.decode(llr, code._free, paths=64)
    best = values_of(found.bits[:, 0, 16 - n :])
    assert np.allclose((best * received).sum(axis=1), (received @ words.T).max(axis=1), atol=1e-5)
    assert (np.diff(found.metric, axis=1) >= 0).all()


def _slow_list(llr, free, paths) -> list[tuple[float, list[int]]]:
    """The textbook list decoder, one bit at a time."""

    def recurse(values, prior) -> float:
        if len(values) == 1:
            return values[0]
        half = len(values) // 2
        a, b = values[:half], values[half:]
        if len(prior) < half:
            return recurse(2 * np.arctanh(np.tanh(a / 2) * np.tanh(b / 2)), prior)
        left = transform(np.array(prior[:half], dtype=np.uint8)[None])[0].astype(float)
        return recurse(b + (1 - 2 * left) * a, prior[half:])

    live = [(0.0, [])]
    for index in range(len(llr)):
        grown = []
        for metric, bits in live:
            value = recurse(llr.astype(float), bits)
            choices = (0, 1) if free[index] else (0,)
            grown += [(metric + np.log1p(np.exp(-(1 - 2 * bit) * value)), [*bits, bit]) for bit in choices]
        live = sorted(grown)[:paths]
    return live


@pytest.mark.parametrize("paths", [1, 2, 4, 8])
def test_the_fast_list_is_the_slow_list(paths):
    """Deciding whole subtrees at once gives the paths and metrics of the bit-by-bit decoder."""
    rng = np.random.default_rng(paths)
    for _ in range(12):
        free = np.unpackbits(np.frombuffer(design(32, int(rng.integers(4, 28)), error=0.1), dtype=np.uint8)) > 0
        llr = rng.normal(1, 2, 32).astype(np.float32)
        fast = polar_list.decode(llr[None], free, paths=paths)
        slow = _slow_list(llr, free, paths)
        assert fast.metric[0, 0] == pytest.approx(slow[0][0], rel=1e-3, abs=1e-3)
        assert transform(fast.bits[0])[0].tolist() == slow[0][1]


def test_the_bound_holds_and_is_near():
    """Plain successive cancellation fails at most as often as bounded, and not five times less."""
    code = Polar(n=128, information=design(128, 40, error=0.12), checks=0, paths=1, error=0.12)
    rng = np.random.default_rng(5)
    message = rng.integers(0, 2, (20_000, 40), dtype=np.uint8)
    word = code.encode(message) ^ (rng.random((20_000, 128)) < 0.12)
    rate = (code.decode(values_of(word)).message != message).any(axis=1).mean()
    bound = code.failure_bound(0.12)
    assert bound / 5 < rate < bound


def test_lists_and_checks_help():
    """The same inputs fail less often with a list of 8 and a CRC than without."""
    information = design(128, 56, error=0.12)
    rng = np.random.default_rng(6)
    noise = rng.random((3000, 128)) < 0.12
    rates = []
    for paths in (1, 8):
        code = Polar(n=128, information=information, checks=16, paths=paths, error=0.12)
        message = rng.integers(0, 2, (3000, 40), dtype=np.uint8)
        rates.append((code.decode(values_of(code.encode(message) ^ noise)).message != message).any(axis=1).mean())
    assert rates[1] < 0.6 * rates[0]


def test_density_evolution_is_exact_while_nothing_is_merged():
    """Two steps by hand: minus p * p, plus of two symmetric channels; punctured bits know nothing."""
    p = 0.1
    bad = 2 * p * (1 - p)
    errors = density.bit_errors([(density.symmetric(p), 4)])
    assert errors[0] == pytest.approx(2 * bad * (1 - bad))
    assert density.bit_errors([(density.symmetric(0.5), 1), (density.symmetric(p), 1)]) == pytest.approx([0.5, p])
    coarse, fine = (density.bit_errors([(density.symmetric(p), 64)], bins=bins) for bins in (16, 128))
    assert (coarse >= fine - 1e-12).all()
    with pytest.raises(ParameterError, match="bit error rate"):
        density.symmetric(0.6)


def test_crcs_tell_every_burst_shorter_than_they_are():
    """Bursts of up to 16 bits change a CRC-16; no CRC is an empty map; unknown widths are refused."""
    matrix = crc.matrix(40, 16)
    for width in range(1, 17):
        for start in range(40 - width + 1):
            burst = np.zeros(40, dtype=np.int64)
            burst[[start, start + width - 1]] = 1
            assert (burst @ matrix % 2).any()
    assert crc.matrix(5, 0).shape == (5, 0)
    with pytest.raises(ParameterError, match="no CRC of 7"):
        crc.matrix(5, 7)


@pytest.mark.parametrize(
    "change",
    [{"n": 1}, {"n": 300}, {"information": b"\xff"}, {"checks": 7}, {"checks": 24}, {"paths": 0}, {"error": 0.5}],
)
def test_impossible_codes_are_refused(change):
    """Sizes that do not fit, unknown CRCs, no message left, rates out of range."""
    fields = {"n": 64, "information": design(64, 24, error=0.1), "checks": 8, "paths": 2, "error": 0.1}
    with pytest.raises(ParameterError):
        Polar(**{**fields, **change})


def test_impossible_designs_are_refused():
    """More inputs than coded bits, or none."""
    for count in (0, 65):
        with pytest.raises(ParameterError, match="do not fit"):
            design(64, count, error=0.1)


def test_light_words_are_light_words_of_the_code():
    """On a small code they are its lightest words, found without listing them all; none is zero."""
    code = Polar(n=32, information=design(32, 8, error=0.1), checks=0, paths=1, error=0.1)
    every = code.encode(_all(8)).sum(axis=1)
    light = code.light(5)
    assert light.sum(axis=1).min() == np.sort(every)[1]
    assert np.array_equal(code.encode(code.decode(values_of(light)).message), light)
    assert light.any(axis=1).all()
    assert len(Polar(n=32, information=design(32, 9, error=0.1), checks=8, paths=1, error=0.1).light(100)) <= 100
