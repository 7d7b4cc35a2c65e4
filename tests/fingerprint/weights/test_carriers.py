"""Carriers in the parameters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.weights import carriers

KEY = b"k" * 32


@given(bits=st.integers(1, 40), count=st.integers(1, 300), seed=st.integers(0, 1000))
@settings(deadline=None)
def test_reading_is_the_transpose_of_writing(bits: int, count: int, seed: int):
    """<spread(c), v> = <c, collect(v)> for every codeword and every v."""
    codeword = seeds.signs(KEY, "word", seed, count=bits)
    v = seeds.stream("carriers", seed).normal(size=count)
    written = carriers.spread(codeword, key=KEY, name="w", count=count)
    assert written @ v == pytest.approx(codeword @ carriers.collect(v, key=KEY, name="w", bits=bits), abs=1e-9)


def test_carriers_are_equally_long_and_balanced():
    """Of 200,000 parameters each of 100 bits gets about 2,000, half of them of either sign."""
    ones = np.ones(100, dtype=np.int8)
    pattern = carriers.spread(ones, key=KEY, name="w", count=200_000)
    own = carriers.collect(pattern.astype(float), key=KEY, name="w", bits=100)
    assert own.sum() == 200_000
    assert np.abs(own - 2000).max() < 5 * np.sqrt(2000)
    signs = carriers.collect(np.ones(200_000), key=KEY, name="w", bits=100)
    assert np.abs(signs).max() < 5 * np.sqrt(2000)


def test_another_key_or_name_is_another_pattern():
    """Patterns of other keys and tensors agree on half of the parameters."""
    ones = np.ones(8, dtype=np.int8)
    mine = carriers.spread(ones, key=KEY, name="w", count=10_000)
    for key, name in ((b"j" * 32, "w"), (KEY, "v")):
        other = carriers.spread(ones, key=key, name=name, count=10_000)
        assert abs(float((mine * other).mean())) < 0.05


def test_nothing_to_carry_is_refused():
    """No parameters and no bits are errors."""
    with pytest.raises(ParameterError):
        carriers.spread(np.ones(3, dtype=np.int8), key=KEY, name="w", count=0)
    with pytest.raises(ParameterError):
        carriers.collect(np.ones(3), key=KEY, name="w", bits=0)
