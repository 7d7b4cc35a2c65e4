"""Killed services and workers in small: a few kills of each; the whole is `python -m benchmarks.resume`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.resume.__main__ import measure, wrong
from benchmarks.resume.counting import again_after, ahead, starts
from benchmarks.resume.figures import resume
from benchmarks.resume.killing import SERVICE, WORKER


@pytest.mark.slow
def test_kills_change_no_verdict_and_ask_little_twice() -> None:
    """Both are killed; every case ends with its verdict, at most one step a thread is asked again, nothing is lost."""
    numbers = measure(["sqlite", "procrastinate"], kills=2, suspects=1)
    assert [row["killed"] for row in numbers["rows"]] == [SERVICE, WORKER] * 2
    for row in numbers["rows"]:
        assert wrong(row) == []
        assert row["cases"] >= 3
        assert row["probes"] <= row["asked"] <= row["probes"] + row["asked_again"]
    assert resume(numbers).count("| postgresql | procrastinate |") == 2
    assert wrong({**numbers["rows"][0], "lost": 1, "decided": 0}) == [
        "a case has no verdict",
        "something stored is gone",
    ]


@given(st.dictionaries(st.tuples(st.floats(0, 1)), st.lists(st.integers(0, 3), min_size=1, max_size=5), max_size=5))
def test_askings_again_are_counted_by_kill(seen):
    """Whatever was asked beyond the first time is counted after some kill, and never more than there was."""
    found = again_after(seen)
    assert set(found) == {epoch for epochs in seen.values() for epoch in sorted(epochs)[1:]}
    assert all(0 < most <= max(len(epochs) - 1 for epochs in seen.values()) for most in found.values())


def test_steps_asked_again_are_held_against_the_threads_killed():
    """Two threads are killed each time: what one kill leaves may be asked after a later one, never before."""
    assert ahead({}, kills=3) == ahead({1: 2, 2: 2, 3: 2}, kills=3) == ahead({3: 6}, kills=3) == 0
    assert ahead({1: 3, 2: 1}, kills=3) == ahead({0: 1}, kills=3) == 1


@given(st.lists(st.integers(1, 9)))
def test_batches_start_where_the_one_before_ends(counts):
    """The first at nought, and so on; the last ends at the sum."""
    found = starts(counts)
    assert [*found, sum(counts)] == [sum(counts[:number]) for number in range(len(counts) + 1)]
