"""A simulated chip survives a file and nothing else passes for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.puf import HOT, Silicon
from fingerprint.puf.silicon import TAG

CHIP = Silicon(kind="sram", secret=bytes(range(32)), cells=32, parameters={"noise": 0.1})


@given(st.binary(min_size=32, max_size=32), st.integers(1, 64), st.floats(0, 1), st.floats(-1, 1))
def test_round_trip(secret, cells, noise, bias):
    """from_bytes(to_bytes(s)) == s, with equal hash and equal cells."""
    chip = Silicon(kind="sram", secret=secret, cells=cells, parameters={"noise": noise, "bias": bias})
    again = Silicon.from_bytes(chip.to_bytes())
    assert again == chip
    assert hash(again) == hash(chip)
    one, other = (c.read(np.random.default_rng(1), reads=2, environment=HOT) for c in (chip, again))
    assert np.array_equal(one, other)


def test_a_stored_chip_stays_the_same_chip():
    """These bits are on people's disks: a change here makes their simulated devices forget their keys."""
    noiseless = Silicon(kind="sram", secret=bytes(range(32)), cells=32, parameters={"noise": 0.0})
    bits = noiseless.read(np.random.default_rng(1))[0]
    assert np.packbits(bits).tobytes().hex() == STORED


STORED = "d6115879"


def test_manufacture_draws_the_secret_once():
    """The secret is what `entropy` gave, and it is not printed."""
    chip = Silicon.manufacture(lambda size: b"s" * size, cells=8)
    assert chip.secret == b"s" * 32
    assert "ssss" not in repr(chip)


@pytest.mark.parametrize(
    "change",
    [{"secret": "00"}, {"secret": "zz" * 32}, {"secret": 3}, {"kind": "x"}, {"cells": 0}, {"cells": 1.5}, {"extra": 1}],
)
def test_other_bytes_are_refused(change):
    """A wrong secret, kind, size or field is malformed, and so is no field at all."""
    fields = canonical.decode(TAG, CHIP.to_bytes())
    with pytest.raises(CanonicalMalformed):
        Silicon.from_bytes(canonical.encode(TAG, {**fields, **change}))
    with pytest.raises(CanonicalMalformed):
        Silicon.from_bytes(canonical.encode(TAG, {}))
    with pytest.raises(CanonicalMalformed):
        Silicon.from_bytes(b"")


def test_impossible_silicon_is_refused():
    """A short secret and an impossible parameter are refused at birth."""
    with pytest.raises(ParameterError, match="secret"):
        Silicon(kind="sram", secret=b"short", cells=8)
    with pytest.raises(ParameterError, match="noise"):
        Silicon(kind="sram", secret=bytes(32), cells=8, parameters={"noise": -1.0})
