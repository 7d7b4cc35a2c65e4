"""Streams have names, and names do not collide."""

import hashlib
import hmac

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import seeds
from fingerprint.errors import ParameterError

KEY = b"k" * 32
WORDS = st.lists(st.one_of(st.text(max_size=5), st.integers(), st.binary(max_size=5)), min_size=1, max_size=3)


@given(WORDS, WORDS)
def test_other_words_give_another_stream(left, right):
    """Two lists of words draw the same bytes only if they encode alike."""
    same = seeds._encode(tuple(left)) == seeds._encode(tuple(right))
    assert (seeds.xof(KEY, *left, length=16) == seeds.xof(KEY, *right, length=16)) == same


def test_word_borders_matter():
    """("ab", "c") and ("a", "bc") are different names."""
    assert seeds.number("ab", "c") != seeds.number("a", "bc")
    assert not np.array_equal(seeds.stream("ab", "c").random(4), seeds.stream("a", "bc").random(4))


def test_xof_is_shake_over_hmac():
    """The construction is the documented one, recomputed from the standards."""
    encoded = (1).to_bytes(8, "big") + b"a" + (1).to_bytes(8, "big") + b"7"
    inner = hmac.new(KEY, encoded, hashlib.sha256).digest()
    expected = hashlib.shake_256(b"countermark/xof/v1" + inner).digest(40)
    assert seeds.xof(KEY, "a", 7, length=40) == expected


@given(st.integers(1, 200))
def test_signs_are_the_bits_of_the_xof(count):
    """Sign i is +1 exactly where bit i (least significant first) of the stream is set."""
    raw = seeds.xof(KEY, "x", length=-(-count // 8))
    slow = [1 if raw[i // 8] >> (i % 8) & 1 else -1 for i in range(count)]
    assert seeds.signs(KEY, "x", count=count).tolist() == slow


def test_signs_are_balanced():
    """Of a million signs about half are +1 (six standard deviations)."""
    assert abs(int(seeds.signs(KEY, "balance", count=1_000_000).sum(dtype=np.int64))) < 6_000


@pytest.mark.parametrize(
    "call",
    [seeds.stream, lambda: seeds.xof(b"short", "a", length=4), lambda: seeds.xof(KEY, "a", length=0)],
    ids=["no words", "short key", "no bytes"],
)
def test_bad_parameters_are_refused(call):
    """A seed without words, a short key and an empty stream are errors."""
    with pytest.raises(ParameterError):
        call()
