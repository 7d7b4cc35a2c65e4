"""One value, one string of bytes."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.text(max_size=8),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.text(max_size=6).filter(lambda name: name not in ("type", "version")), VALUES, max_size=4)


@given(FIELDS)
def test_round_trip(fields):
    """Decoding gives back the value, and encoding that gives back the bytes."""
    data = canonical.encode("test/value", fields)
    again = canonical.decode("test/value", data)
    assert canonical.encode("test/value", again) == data
    assert again == fields


@given(FIELDS)
def test_every_way_of_encoding_is_rfc_8785(fields):
    """What the standard library writes for plain values is what the library of RFC 8785 writes."""
    data = canonical.encode("test/value", fields)
    assert data == rfc8785.dumps({**fields, "type": "test/value", "version": 1})


@given(FIELDS, st.data())
def test_only_the_canonical_form_is_read(fields, data):
    """White space, another tag, another version or a lost byte are refused."""
    encoded = canonical.encode("test/value", fields)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    for wrong in (encoded + b" ", b" " + encoded, encoded[:cut], encoded.replace(b"test/value", b"test/other")):
        with pytest.raises(CanonicalMalformed):
            canonical.decode("test/value", wrong)
    with pytest.raises(CanonicalMalformed):
        canonical.decode("test/value", encoded, version=2)


@pytest.mark.parametrize("fields", [{"type": 1}, {"version": 1}, {"x": float("nan")}, {"x": b"bytes"}, {"x": 2**60}])
def test_what_has_no_canonical_form_is_refused(fields):
    """Reserved names, NaN, bytes and integers beyond 2^53 are errors."""
    with pytest.raises(CanonicalMalformed):
        canonical.encode("test/value", fields)


def test_duplicate_names_are_not_canonical():
    """JSON with a name twice is refused, whatever a parser makes of it."""
    with pytest.raises(CanonicalMalformed):
        canonical.decode("t", b'{"a":1,"a":1,"type":"t","version":1}')
