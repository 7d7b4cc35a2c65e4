"""Codewords: bound to device, release and nonce; packed without loss."""

import numpy as np
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import codeword
from fingerprint.errors import ParameterError

NONCE = bytes(32)
SIGNS = st.lists(st.sampled_from((-1, 1)), min_size=1, max_size=70).map(lambda s: np.array(s, dtype=np.int8))


def draw(*, device: bytes = b"d" * 32, release: str = "sha256:aa", nonce: bytes = NONCE, length: int = 216):
    """A codeword with one thing changed."""
    return codeword.derive(codeword.codeword_key(device), release=release, nonce=nonce, length=length)


@pytest.mark.parametrize("changed", [{"device": b"e" * 32}, {"release": "sha256:ab"}, {"nonce": b"\1" + bytes(31)}])
def test_bound_to_device_release_and_nonce(changed):
    """Changing any of the three gives an unrelated codeword (agreement within six deviations of a half)."""
    assert abs(int(draw().astype(int) @ draw(**changed).astype(int))) < 6 * np.sqrt(216)


def test_longer_codewords_extend_shorter_ones():
    """c_d is the first L bits of one stream."""
    assert np.array_equal(draw(length=300)[:216], draw())


def test_the_device_key_is_not_the_codeword_key():
    """The registry's key is HKDF-SHA256 of the device key, not the device key."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"countermark/codeword-key/v1")
    assert codeword.codeword_key(b"d" * 32) == hkdf.derive(b"d" * 32) != b"d" * 32


@given(SIGNS)
def test_packing_round_trip(signs):
    """unpack(pack(c)) is c."""
    assert np.array_equal(codeword.unpack_bits(codeword.pack_bits(signs), len(signs)), signs)


@pytest.mark.parametrize(("data", "length"), [(b"", 1), (b"\0\0", 8), (b"\x80", 7)])
def test_wrong_packed_bytes_are_refused(data, length):
    """Too few bytes, too many, or bits beyond the end."""
    with pytest.raises(ParameterError):
        codeword.unpack_bits(data, length)


@pytest.mark.parametrize("changed", [{"nonce": b"short"}, {"release": ""}, {"length": 0}, {"device": b"short"}])
def test_bad_parameters_are_refused(changed):
    """A short nonce or key, no release, no length."""
    with pytest.raises(ParameterError):
        draw(**changed)
