"""Data keys that are remembered: asked for once, for so long, so many, and nothing else."""

import os
from collections.abc import Callable

import pytest

from registry.errors import MalformedValue, SealBroken
from registry.keys import remembering
from registry.keys.local import LocalKeys
from registry.keys.remembering import Remembering


class Counted(LocalKeys):
    """Keys that count how often they are asked."""

    asked = 0

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Count, then unwrap."""
        self.asked += 1
        return super().unwrap(key_id, wrapped, context)


@pytest.fixture
def counted() -> Counted:
    """The place behind."""
    return Counted([bytes(32)], os.urandom)


@pytest.fixture
def made(counted: Counted) -> Callable[[list[float]], Remembering]:
    """Makes a memory of ten seconds over a clock that is set by hand."""
    return lambda now: Remembering(counted, seconds=10, clock=lambda: now[0])


def test_asked_once_and_again_when_it_is_old(counted: Counted, made: Callable[[list[float]], Remembering]) -> None:
    """Within ten seconds from memory; then the place is asked, and its answer remembered anew."""
    now = [100.0]
    keys = made(now)
    _, wrapped = keys.wrap(b"d" * 32, b"row")
    for moment, asked in ((100.0, 1), (109.9, 1), (110.0, 2), (115.0, 2), (121.0, 3)):
        now[0] = moment
        assert keys.unwrap(keys.current, wrapped, b"row") == b"d" * 32
        assert counted.asked == asked


def test_nothing_else_is_answered_from_memory(counted: Counted, made: Callable[[list[float]], Remembering]) -> None:
    """Another row, other bytes or another key are asked for, and refused as ever; a refusal is not remembered."""
    keys = made([0.0])
    _, wrapped = keys.wrap(b"d" * 32, b"row")
    keys.unwrap(keys.current, wrapped, b"row")
    for given in ((keys.current, wrapped, b"other"), (keys.current, wrapped + b"\x00", b"row")):
        for _ in range(2):
            with pytest.raises(SealBroken):
                keys.unwrap(*given)
    assert counted.asked == 5


def test_the_oldest_are_forgotten(
    counted: Counted, made: Callable[[list[float]], Remembering], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than so many are kept, and nothing of them is shown."""
    monkeypatch.setattr(remembering, "MOST", 2)
    keys = made([0.0])
    rows = {name: keys.wrap(name * 32, name).data for name in (b"a", b"b", b"c")}
    for name, wrapped in rows.items():
        keys.unwrap(keys.current, wrapped, name)
    keys.unwrap(keys.current, rows[b"c"], b"c")
    assert counted.asked == 3
    keys.unwrap(keys.current, rows[b"a"], b"a")
    assert counted.asked == 4
    assert "aaaa" not in repr(keys)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_no_time_is_no_memory(counted: Counted, seconds: float) -> None:
    """Whoever wants none leaves it out."""
    with pytest.raises(MalformedValue):
        Remembering(counted, seconds=seconds, clock=lambda: 0.0)
