"""Helper data: the byte form round-trips, and nothing else passes for it."""

import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import HelperDataAltered, HelperDataMalformed, ParameterError
from fingerprint.extractor import HelperData


def _mended(body) -> bytes:
    """The body with a length and a checksum that hold."""
    body = body[:5] + struct.pack(">I", len(body) + 16) + body[9:]
    return body + hashlib.sha256(b"countermark/helper-data/checksum" + body).digest()[:16]


@given(st.integers(1, 70), st.integers(0, 2**32), st.text("abc/09-", min_size=1, max_size=20))
def test_round_trip(cells, seed, profile):
    """from_bytes(to_bytes(h)) == h for any mask and offset."""
    rng = np.random.default_rng(seed)
    mask = rng.integers(0, 2, cells, dtype=np.uint8)
    offset = rng.integers(0, 2, int(mask.sum()), dtype=np.uint8)
    helper = HelperData(
        profile=profile,
        generation=seed % 2**32,
        salt=rng.bytes(32),
        cells=cells,
        mask=np.packbits(mask).tobytes(),
        offset=np.packbits(offset).tobytes(),
        tag=rng.bytes(32),
    )
    again = HelperData.from_bytes(helper.to_bytes())
    assert again == helper
    assert again.n == mask.sum()
    assert np.array_equal(again.selected, np.flatnonzero(mask))
    assert np.array_equal(again.offset_bits, offset)


def test_every_flipped_bit_is_refused(made):
    """All single-bit changes of the bytes, one by one: altered, or in the header malformed."""
    data = made.helper.to_bytes()
    for position in range(8 * len(data)):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(HelperDataMalformed if position < 8 * 9 else HelperDataAltered):
            HelperData.from_bytes(bytes(changed))


def test_every_truncation_and_extension_is_refused(made):
    """All prefixes and one longer string are malformed, and say so."""
    data = made.helper.to_bytes()
    for length in range(len(data)):
        with pytest.raises(HelperDataMalformed):
            HelperData.from_bytes(data[:length])
    with pytest.raises(HelperDataMalformed, match="too long"):
        HelperData.from_bytes(data + b"\x00")


def test_broken_structure_under_a_good_checksum_is_malformed(made):
    """Whoever mends the checksum of a nonsense structure is told so, without a crash."""
    body = made.helper.to_bytes()[:-16]
    at = 10 + len(made.helper.profile) + 4 + 32
    cells = struct.pack(">I", 2**31)
    offset_at = at + 4 + len(made.helper.mask)
    bad = [
        body[:40],
        body[:-1],
        body + b"\x00",
        body[:at] + cells + body[at + 4 :],
        body[:10] + b"\xff" + body[11:],
        body[:9] + b"\x00" + body[10:],
        body[:offset_at] + struct.pack(">I", made.helper.n + 1) + body[offset_at + 4 :],
    ]
    for item in bad:
        with pytest.raises(HelperDataMalformed):
            HelperData.from_bytes(_mended(item))


def test_impossible_fields_are_refused(made):
    """Lengths that disagree and padding bits that are set."""
    helper = made.helper
    padded = bytes([*helper.offset[:-1], helper.offset[-1] | 1])
    for change in (
        {"salt": b""},
        {"generation": -1},
        {"generation": 2**32},
        {"tag": b""},
        {"profile": ""},
        {"profile": "ü"},
        {"mask": helper.mask[1:]},
        {"cells": helper.cells - 1, "mask": helper.mask[:-1] + b"\xff"},
        {"offset": helper.offset[1:]},
        {"offset": padded},
    ):
        with pytest.raises(ParameterError):
            replace(helper, **change)
