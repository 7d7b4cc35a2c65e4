"""Timing: the best of a few runs, which other programs on the machine disturb least."""

import time
from collections.abc import Callable

RUNS = 3


def per_second(work: Callable[[], object], count: float) -> float:
    """How many of `count` things a second, in the best of three runs after one to warm up."""
    work()
    return count / min(_once(work) for _ in range(RUNS))


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
