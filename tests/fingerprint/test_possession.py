"""A device shows possession of its key for one challenge and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError, PossessionNotProven
from fingerprint.possession import TAG, Challenge, public_key, sign, verify

KEY = bytes(range(32))
ASKED = Challenge(registry="lab", device="camera-1", purpose="seizure 17", nonce=bytes(32))


@given(st.binary(min_size=16, max_size=64), st.text(min_size=1), st.binary(min_size=32, max_size=32))
def test_sign_then_verify(key, purpose, nonce):
    """A device's signature holds under its public key; the challenge's bytes round-trip."""
    asked = Challenge(registry="lab", device="camera-1", purpose=purpose, nonce=nonce)
    verify(public_key(key), asked, sign(key, asked))
    assert Challenge.from_bytes(asked.to_bytes()) == asked


@pytest.mark.parametrize("change", [{"registry": "lab2"}, {"device": "x"}, {"purpose": "x"}, {"nonce": b"\1" * 32}])
def test_a_signature_serves_one_challenge(change):
    """Another registry, device, purpose or nonce: not proven."""
    with pytest.raises(PossessionNotProven, match="possession"):
        verify(public_key(KEY), replace(ASKED, **change), sign(KEY, ASKED))


def test_every_changed_bit_of_a_signature_is_refused():
    """All 512 single-bit changes, truncations, another device's key, and bytes that are no key."""
    good = sign(KEY, ASKED)
    changed = [bytes(b ^ (1 << bit) * (i == at) for i, b in enumerate(good)) for at in range(64) for bit in range(8)]
    for bad in [*changed, good[:-1], b""]:
        with pytest.raises(PossessionNotProven):
            verify(public_key(KEY), ASKED, bad)
    for public in (public_key(KEY[::-1]), b"", bytes(31)):
        with pytest.raises(PossessionNotProven):
            verify(public, ASKED, good)


@pytest.mark.parametrize(
    "change", [{"nonce": "00"}, {"nonce": "AB" * 32}, {"nonce": 1}, {"device": ""}, {"extra": "x"}]
)
def test_other_bytes_are_no_challenge(change):
    """Wrong nonces, empty names and extra fields do not parse."""
    fields = canonical.decode(TAG, ASKED.to_bytes())
    with pytest.raises(CanonicalMalformed):
        Challenge.from_bytes(canonical.encode(TAG, {**fields, **change}))
    with pytest.raises(CanonicalMalformed):
        Challenge.from_bytes(canonical.encode(TAG, {"registry": "lab"}))


def test_impossible_input_is_refused():
    """Short keys, short nonces and empty names."""
    for call in (lambda: public_key(b"short"), lambda: sign(b"short", ASKED)):
        with pytest.raises(ParameterError, match="too short"):
            call()
    with pytest.raises(ParameterError, match="nonce"):
        replace(ASKED, nonce=b"")
    with pytest.raises(ParameterError, match="empty"):
        replace(ASKED, purpose="")
