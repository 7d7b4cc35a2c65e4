"""Probes are chosen by pool and key alone; mixtures lie between two inputs, on a boundary where one is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.probes import DRAWS, HIGH, LOW, choose_probes, mixtures

KEY = bytes(range(32))
POOL = seeds.stream("tests", "probes").normal(size=(60, 3)).astype(np.float32)


KNOWN = set(map(tuple, POOL.tolist()))


def reference(inputs):
    """Logits of a linear model with three classes."""
    return inputs @ np.float32([[1, -1, 0], [0, 1, -1], [1, 0, 1]])


def margin(inputs):
    """Between the two likeliest classes."""
    ordered = np.sort(reference(inputs), axis=1)
    return ordered[:, -1] - ordered[:, -2]


@given(count=st.integers(2, 60), every=st.integers(2, 9))
def test_every_mth_probe_is_a_mixture_and_the_others_are_inputs(count, every):
    """Counted by looking each probe up in the pool; no input is asked twice."""
    every = min(every, count)
    probes = choose_probes(POOL, count, key=KEY, every=every)
    known = [tuple(row) in KNOWN for row in probes.tolist()]
    assert known == [place % every != every - 1 for place in range(count)]
    inputs = probes[known]
    assert len(np.unique(inputs, axis=0)) == len(inputs)


def test_mixtures_by_hand():
    """Pairs and shares are the 64-bit words of the keyed stream, taken one by one."""
    words = np.frombuffer(seeds.xof(KEY, "fingerprint/probes/mixtures", "probes", length=24 * 5), dtype="<u8").tolist()
    for row, (i, j, share) in zip(
        mixtures(POOL, 5, key=KEY, purpose="probes"), zip(words[:5], words[5:10], words[10:], strict=True), strict=True
    ):
        a = LOW + (HIGH - LOW) * share / 2**64
        first, second = i % 60, (i % 60 + 1 + j % 59) % 60
        assert np.allclose(row, a * POOL[first] + (1 - a) * POOL[second], atol=1e-6)


def test_with_a_reference_the_mixtures_of_smallest_margin_are_kept():
    """The kept ones are the closest to a boundary of all that were drawn."""
    probes = choose_probes(POOL, 40, key=KEY, every=2, logits=reference)
    drawn = mixtures(POOL, 20 * DRAWS, key=KEY, purpose="probes")
    assert np.allclose(np.sort(margin(probes[1::2])), np.sort(margin(drawn))[:20])


@given(count=st.integers(2, 59))
def test_with_a_reference_half_of_the_inputs_are_the_closest_of_the_pool(count):
    """And the others the first of the keyed order that are not among these; all in keyed order, none twice."""
    chosen = choose_probes(POOL, count, key=KEY, every=0, logits=reference)
    keyed = choose_probes(POOL, 60, key=KEY, every=0).tolist()
    close = sorted(keyed, key=lambda row: margin(np.float32([row]))[0])[: count // 2]
    others = [row for row in keyed if row not in close][: count - len(close)]
    assert chosen.tolist() == [row for row in keyed if row in close or row in others]


def test_the_key_decides():
    """The same pool and key give the same probes, another key gives others; other purposes give other mixtures."""
    again, other = choose_probes(POOL, 30, key=KEY), choose_probes(POOL, 30, key=KEY[::-1])
    assert np.array_equal(again, choose_probes(POOL, 30, key=KEY))
    assert not np.array_equal(again, other)
    assert not np.array_equal(mixtures(POOL, 9, key=KEY, purpose="a"), mixtures(POOL, 9, key=KEY, purpose="b"))


def test_without_mixtures_the_probes_are_inputs():
    """Every = 0."""
    probes = choose_probes(POOL, 60, key=KEY, every=0)
    assert np.array_equal(np.unique(probes, axis=0), np.unique(POOL, axis=0))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"pool": POOL, "count": 1}, "two or more"),
        ({"pool": POOL, "count": 10, "every": 1}, "every 1-th"),
        ({"pool": POOL, "count": 10, "every": 11}, "every 11-th"),
        ({"pool": POOL, "count": 100}, "pool of 60"),
        ({"pool": np.arange(40).reshape(20, 2), "count": 8}, "floating-point"),
        ({"pool": POOL[:1], "count": 2, "every": 2}, "two or more floating-point"),
    ],
)
def test_impossible_choices_are_refused(arguments, word):
    """The message names what is wrong."""
    with pytest.raises(ParameterError, match=word):
        choose_probes(**{"key": KEY, **arguments})
