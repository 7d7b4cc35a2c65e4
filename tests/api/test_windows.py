"""Moving windows: what they let through, however many ask at once, and that they forget."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from limits.storage import MemoryStorage

from api.windows import InMemory, Stored, Taken
from tests.patience import PATIENCE


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_callers_who_did_nothing_of_late_are_forgotten():
    """However many there were: one request, of whoever it is, makes room."""
    clock, item = Clock(), parse("2/minute")
    windows = InMemory(clock)
    for number in range(1000):
        windows.take(item, "calls", str(number))
    clock.now = 30.0
    windows.take(item, "calls", "7")
    assert len(windows) == 1000
    clock.now = 60.0
    assert windows.take(item, "calls", "new") == Taken(True, 1, 60.0)
    assert len(windows) == 2
    assert windows.take(item, "calls", "7") == Taken(True, 0, 30.0)
    assert windows.take(item, "calls", "7") == Taken(False, 0, 30.0)


def test_threads_at_once_get_no_more_than_is_allowed():
    """Whatever they are in the middle of."""
    windows, item, begin = InMemory(), parse("100/hour"), threading.Barrier(8)

    def many(_: int) -> list[bool]:
        begin.wait(PATIENCE)
        return [windows.take(item, "calls", "key").taken for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        told = Counter(taken for found in pool.map(many, range(8)) for taken in found)
    assert told == {True: 100, False: 300}


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 40)), max_size=60),
    st.sampled_from(["0/minute", "1/minute", "3/minute"]),
)
def test_what_is_let_through_is_what_the_last_seconds_have_room_for(steps, limit):
    """As if all requests that were let through were gone through each time."""
    clock, item = Clock(), parse(limit)
    windows, through = InMemory(clock), []
    for who, later in steps:
        clock.now += later
        recent = [at for name, at in through if name == who and at > clock.now - 60]
        room = len(recent) < item.amount
        if room:
            recent.append(clock.now)
            through.append((who, clock.now))
        oldest = recent[0] if recent else clock.now
        assert windows.take(item, who) == Taken(room, item.amount - len(recent), oldest + 60 - clock.now)


@pytest.mark.parametrize("made", [InMemory, lambda: Stored(MemoryStorage())], ids=["own", "limits"])
def test_all_windows_tell_the_same(made):
    """Ours, and those of a store of `limits`."""
    windows, item = made(), parse("2/hour")
    told = [windows.take(item, "calls", "key") for _ in range(3)]
    assert [(each.taken, each.left) for each in told] == [(True, 1), (True, 0), (False, 0)]
    assert windows.take(item, "calls", "another").left == 1
