"""An issuer's keys, shared by threads: fetched amid another's question, or not at all."""

from collections.abc import Callable

import pytest

from api.oidc.errors import IssuerUnreachable
from api.oidc.keys import KEPT, PAUSE, IssuerKeys


class Clock:
    """A clock that a test sets, and that lets something happen while it is read."""

    def __init__(self) -> None:
        self.now = 0.0
        self.meanwhile: list[Callable[[], object]] = []

    def __call__(self) -> float:
        """What happens meanwhile, then the time."""
        if self.meanwhile:
            self.meanwhile.pop()()
        return self.now


def test_a_key_that_was_withdrawn_is_not_taken_for_one_of_the_fresh_ones():
    """Another thread fetches the keys between two looks of this one: the old key is not as fresh as the new ones."""
    clock, served = Clock(), ["old"]
    keys = IssuerKeys(lambda: [{"kid": kid} for kid in served], clock=clock)
    assert keys.key("old") == {"kid": "old"}
    clock.now, served[:] = KEPT + 1, ["new"]
    clock.meanwhile = [lambda: keys.key("new")]
    assert keys.key("old") is None


def test_whoever_waited_for_an_issuer_that_does_not_answer_does_not_ask_it_again():
    """However long it took: a pause begins when the issuer has failed, or each request would wait for all before it."""
    clock, calls = Clock(), []

    def fetch():
        calls.append(clock.now)
        clock.now += 2 * PAUSE
        raise IssuerUnreachable("away")

    keys = IssuerKeys(fetch, clock=clock)
    for _ in range(2):
        with pytest.raises(IssuerUnreachable):
            keys.key("one")
    assert calls == [0.0]
    clock.now += PAUSE
    with pytest.raises(IssuerUnreachable):
        keys.key("one")
    assert calls == [0.0, 3 * PAUSE]
