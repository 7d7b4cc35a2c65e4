"""The registered base."""

from dataclasses import replace

import numpy as np
import pytest

from fingerprint.errors import PackMalformed, ParameterError
from fingerprint.weights import Layer, WeightsPack


def test_bytes_round_trip(pack: WeightsPack):
    """Reading and writing gives equal bytes, an equal digest and the same change for a codeword."""
    again = WeightsPack.from_bytes(pack.to_bytes())
    assert again.to_bytes() == pack.to_bytes()
    assert again.digest == pack.digest
    ones = np.ones(pack.bits, dtype=np.int8)
    assert all((again.change(ones)[name] == change).all() for name, change in pack.change(ones).items())


def test_the_change_is_gamma_sigma_everywhere(pack: WeightsPack, codeword: np.ndarray):
    """Every weight moves by exactly gamma standard deviations of its tensor; biases stay."""
    change = pack.change(codeword)
    assert set(change) == {name for name in pack.base if name.endswith("weight")}
    for name, moved in change.items():
        assert np.abs(moved) == pytest.approx(pack.strength * pack.base[name].std(), rel=1e-5)


def test_altered_bytes_are_refused(pack: WeightsPack):
    """Truncated bytes and bytes of something else are malformed."""
    for data in (b"", pack.to_bytes()[:-1], b"x" * 100):
        with pytest.raises(PackMalformed):
            WeightsPack.from_bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        {"release_key": b"short"},
        {"bits": 0},
        {"alpha": 1.0},
        {"strength": 0.0},
        {"base": {"w": np.ones((2, 2), dtype=np.float64)}},
        {"base": {"w": np.full((2, 2), np.nan, dtype=np.float32)}},
        {"base": {"w": np.ones(4, dtype=np.float32)}, "chain": ()},
        {"chain": (Layer(weight="missing"),)},
    ],
)
def test_a_pack_that_cannot_work_is_refused(pack: WeightsPack, change: dict[str, object]):
    """Every field out of its range is an error at birth."""
    with pytest.raises(ParameterError):
        replace(pack, **change)


def test_only_codewords_of_the_release_are_written(pack: WeightsPack):
    """Another length or another value is an error."""
    for wrong in (np.ones(3), np.zeros(pack.bits)):
        with pytest.raises(ParameterError):
            pack.change(wrong)
