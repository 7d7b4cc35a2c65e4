"""The merge law of shards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import ParameterError
from fingerprint.identify import EMPTY, Top, best, merge

few_scores = st.sampled_from([-1.0, 0.0, 0.5, 2.0]) | st.floats(-5, 5)  # equal scores are likely
scores = st.lists(few_scores, max_size=40).map(np.array)


def same(a: Top, b: Top) -> bool:
    """Equal in every bit."""
    return a.positions.tolist() == b.positions.tolist() and a.scores.tolist() == b.scores.tolist()


@given(scores, st.integers(1, 12), st.data())
def test_merged_tops_of_disjoint_shards_are_the_top_of_all(values, keep, data):
    """However the devices are dealt to shards."""
    shard = np.array(data.draw(st.lists(st.integers(0, 3), min_size=values.size, max_size=values.size)), dtype=int)
    positions = np.arange(values.size)
    tops = [best(positions[shard == s], values[shard == s], keep) for s in range(4)]
    assert same(merge(tops, keep), best(positions, values, keep))


@given(scores, scores, scores, st.integers(1, 12))
def test_associative_commutative_with_a_neutral_element(a, b, c, keep):
    """merge(merge(a, b), c) = merge(a, merge(b, c)), merge(a, b) = merge(b, a), merge(a, EMPTY) = a."""
    starts = (0, 100, 200)
    x, y, z = (best(start + np.arange(v.size), v, keep) for start, v in zip(starts, (a, b, c), strict=True))
    assert same(merge([merge([x, y], keep), z], keep), merge([x, merge([y, z], keep)], keep))
    assert same(merge([x, y], keep), merge([y, x], keep))
    assert same(merge([x, EMPTY], keep), x)


def test_positions_and_scores_belong_together():
    """Two positions and one score are refused."""
    with pytest.raises(ParameterError):
        Top(positions=np.arange(2), scores=np.zeros(1))
