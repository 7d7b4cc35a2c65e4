"""Waiting for what has to come: longer than any machine that is merely busy, or stopped for a while, can take."""

import threading
import time
from collections.abc import Callable

PATIENCE = 300.0
"""Seconds after which something that has not come never will."""


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


def comes(event: threading.Event) -> None:
    """Wait for an event."""
    assert event.wait(PATIENCE), "it never came"
