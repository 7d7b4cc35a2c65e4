"""The packed layout: what goes in comes out, one byte order, no bits to spare."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import codeword
from fingerprint.errors import ParameterError
from fingerprint.identify.layout import BLOCK, Blocks, pack_codewords, to_blocks, to_words, words_of


@given(st.integers(0, 20), st.integers(1, 200))
def test_rows_are_packed_codewords(fleet, devices, bits):
    """Each row is `codeword.pack_bits` of its codeword, and bit i is bit i mod 64 of word i div 64."""
    codewords = fleet(devices, bits) if devices else np.zeros((0, bits), dtype=np.int8)
    rows = pack_codewords(codewords)
    assert [row.tobytes() for row in rows] == [codeword.pack_bits(c) for c in codewords]
    blocks = to_blocks(rows, bits)
    for device in range(devices):
        signs = [int(blocks.words[0, i // 64, device]) >> (i % 64) & 1 for i in range(bits)]
        assert [2 * s - 1 for s in signs] == codewords[device].tolist()


def test_parts_keep_positions(fleet):
    """A part of the blocks knows where it begins and how many devices it holds."""
    blocks = to_blocks(pack_codewords(fleet(BLOCK + 5, 8)), 8)
    assert (blocks.part(1, 2).first, blocks.part(1, 2).count) == (BLOCK, 5)
    assert (blocks.part(0, 1).first, blocks.part(0, 1).count) == (0, BLOCK)
    assert blocks.part(2, 3).count == 0


def test_codewords_are_not_printed(fleet):
    """repr shows sizes, never bits."""
    assert repr(to_blocks(pack_codewords(fleet(3, 70)), 70)) == "Blocks(bits=70, count=3, first=0)"


def test_what_cannot_be_packed_is_refused(fleet):
    """Zeros, rows of another length, bits beyond the end, no bits, blocks of another shape, too many devices."""
    for wrong in (
        lambda: pack_codewords(np.zeros((2, 3), dtype=np.int8)),
        lambda: pack_codewords(np.ones(3, dtype=np.int8)),
        lambda: to_words(np.zeros((2, 3), dtype=np.uint8), 30),
        lambda: to_words(np.full((2, 1), 8, dtype=np.uint8), 3),
        lambda: words_of(0),
        lambda: words_of(2**19 + 1),
        lambda: Blocks(bits=8, count=0, words=np.zeros((1, 2, BLOCK), dtype=np.uint64)),
        lambda: Blocks(bits=8, count=BLOCK + 1, words=np.zeros((1, 1, BLOCK), dtype=np.uint64)),
    ):
        with pytest.raises(ParameterError):
            wrong()
