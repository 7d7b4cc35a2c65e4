"""Every code of the catalogue keeps the laws of its contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.codes import values_of
from fingerprint.codes.catalogue import FAMILIES
from fingerprint.errors import ParameterError

NAMES = sorted(FAMILIES)
seeds = st.integers(0, 2**32)


def _messages(code, seed, count=8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (count, code.k), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_names_fix_the_code(name):
    """Two constructions of a family give equal codes with equal names."""
    one, other = FAMILIES[name](), FAMILIES[name]()
    assert one == other
    assert one.name == other.name


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15)
@given(seed=seeds)
def test_encoding_is_linear_and_injective(name, seed):
    """Enc(a + b) = Enc(a) + Enc(b), and only the zero message has the zero codeword."""
    code = FAMILIES[name]()
    a, b = _messages(code, seed), _messages(code, seed + 1)
    words = code.encode(a)
    assert (words.dtype, words.shape) == (np.uint8, (8, code.n))
    assert np.array_equal(code.encode(a ^ b), words ^ code.encode(b))
    assert np.array_equal(words.any(axis=1), a.any(axis=1))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15)
@given(seed=seeds)
def test_up_to_t_wrong_bits_are_corrected(name, seed):
    """Any pattern of at most t wrong bits decodes to the message, accepted."""
    code = FAMILIES[name]()
    rng = np.random.default_rng(seed)
    message = _messages(code, seed)
    word = code.encode(message)
    for row in word:
        row[rng.permutation(code.n)[: rng.integers(0, code.t + 1)]] ^= 1
    found = code.decode(values_of(word))
    assert np.array_equal(found.message, message)
    assert found.ok.all()


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_independent(name):
    """A row decodes alike alone and in a batch, whatever its neighbours are; an empty batch is fine."""
    code = FAMILIES[name]()
    noise = np.random.default_rng(3).normal(size=(6, code.n)).astype(np.float32)
    batch = code.decode(noise)
    for index in range(6):
        alone = code.decode(noise[index : index + 1])
        assert np.array_equal(alone.values[0], batch.values[index])
        assert alone.ok[0] == batch.ok[index]
    assert code.decode(noise[:0]).message.shape == (0, code.k)
    assert code.encode(np.zeros((0, code.k), dtype=np.uint8)).shape == (0, code.n)


@pytest.mark.parametrize("name", NAMES)
def test_other_shapes_and_values_are_refused(name):
    """Wrong width, one row without batch axis, other types, values over 1, NaN."""
    code = FAMILIES[name]()
    zeros = np.zeros((1, code.k), dtype=np.uint8)
    for bad in (zeros[0], zeros.astype(np.int64), zeros + np.uint8(2), np.zeros((1, code.k + 1), dtype=np.uint8)):
        with pytest.raises(ParameterError):
            code.encode(bad)
    ones = np.ones((1, code.n), dtype=np.float32)
    for bad in (ones[0], ones.astype(np.float64), ones * np.float32("nan"), np.ones((1, code.n + 1), dtype=np.float32)):
        with pytest.raises(ParameterError):
            code.decode(bad)
