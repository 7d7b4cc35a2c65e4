"""A device shows possession of its key for one challenge and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError, PossessionNotProven
from fingerprint.possession import TAG, Challenge, public_key, require_public_key, sign, verify

KEY = bytes(range(32))
ASKED = Challenge(
    registry="lab", tenant="us", device="camera-1", purpose="seizure 17", nonce=bytes(32), expires=1_800_000_000
)


@given(st.binary(min_size=16, max_size=64), st.text(min_size=1), st.binary(min_size=32, max_size=32))
def test_sign_then_verify(key, purpose, nonce):
    """A device's signature holds under its public key; the challenge's bytes round-trip."""
    asked = replace(ASKED, purpose=purpose, nonce=nonce)
    verify(public_key(key), asked, sign(key, asked))
    assert Challenge.from_bytes(asked.to_bytes()) == asked


@pytest.mark.parametrize(
    "change",
    [{"registry": "lab2"}, {"tenant": "x"}, {"device": "x"}, {"purpose": "x"}, {"nonce": b"\1" * 32}, {"expires": 7}],
)
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
    "change",
    [
        {"nonce": "00"},
        {"nonce": "AB" * 32},
        {"nonce": 1},
        {"device": ""},
        {"tenant": ""},
        {"extra": "x"},
        {"expires": "7"},
        {"expires": 7.5},
        {"expires": True},
        {"expires": 0},
    ],
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
    with pytest.raises(ParameterError, match="expires"):
        replace(ASKED, expires=-1)
    with pytest.raises(ParameterError, match="32 bytes"):
        require_public_key(bytes(31))


P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def add(a, b) -> tuple[int, int]:
    """The sum of two points of the curve -x² + y² = 1 + d x² y², by its textbook formula."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def lift(y) -> tuple[int, int] | None:
    """The point with this y and some x, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    for root in (x, x * pow(2, (P - 1) // 4, P) % P):
        if root * root % P == square:
            return root, y
    return None


def eight_times(point) -> tuple[int, int]:
    """[8] point."""
    for _ in range(3):
        point = add(point, point)
    return point


def test_a_key_that_anybody_can_sign_for_is_refused():
    """Exactly the points that eight times themselves are neutral, in every encoding, by textbook arithmetic."""
    order = 2**252 + 27742317777372353535851937790883648493
    found, y = {0, 1, P - 1}, 2
    while len(found) < 5:
        point, total, factor = lift(y), (0, 1), order
        while point and factor:
            total = add(total, point) if factor & 1 else total
            point, factor = add(point, point), factor >> 1
        found |= {total[1]}
        y += 1
    assert all(eight_times(lift(y)) == (0, 1) for y in found)
    for y in found | {P, P + 1}:
        for sign_bit in (0, 1 << 255):
            with pytest.raises(ParameterError, match="small order"):
                require_public_key((y + sign_bit).to_bytes(32, "little"))
    verify((1).to_bytes(32, "little"), ASKED, (1).to_bytes(32, "little") + bytes(32))
    assert require_public_key(public_key(KEY)) == public_key(KEY)
