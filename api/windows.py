"""Moving windows: how many requests the last seconds saw of a caller, in memory or in a store of `limits`."""

import threading
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from limits import RateLimitItem
from limits.storage import Storage
from limits.strategies import MovingWindowRateLimiter


class Taken(NamedTuple):
    """What became of one request: whether there was room for it, for how many more there is, and seconds until more."""

    taken: bool
    left: int
    wait: float


class Windows(Protocol):
    """Where requests are counted."""

    def take(self, item: RateLimitItem, *who: str) -> Taken:
        """Count one request of a caller, if the item has room for it. Raises StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """Windows that several processes share, in a store of `limits`."""

    store: Storage

    def take(self, item: RateLimitItem, *who: str) -> Taken:
        """As of any windows."""
        window = MovingWindowRateLimiter(self.store)
        taken = window.hit(item, *who)
        reset, left = window.get_window_stats(item, *who)
        return Taken(taken, left, reset - time.time())


class InMemory:
    """Windows of one process, whose threads share them; of callers who did nothing of late nothing is kept.

    That is why it is not the one of `limits`, which keeps and goes through everybody who ever called, and whose threads
    can be in each other's way.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # By length of the window; callers in the order of their last request, so that those to be forgotten come first.
        self._callers: defaultdict[int, OrderedDict[str, deque[float]]] = defaultdict(OrderedDict)

    def __len__(self) -> int:
        """How many callers are known."""
        return sum(map(len, self._callers.values()))

    def take(self, item: RateLimitItem, *who: str) -> Taken:
        """As of any windows."""
        key, seconds = item.key_for(*who), item.get_expiry()
        with self._lock:
            now = self._clock()
            callers = self._callers[seconds]
            _forget(callers, now - seconds)
            times = callers.get(key) or deque()
            while times and times[0] <= now - seconds:
                times.popleft()
            taken = len(times) < item.amount
            if taken:
                times.append(now)
                callers[key] = times
                callers.move_to_end(key)
            return Taken(taken, item.amount - len(times), (times[0] if times else now) + seconds - now)


def _forget(callers: OrderedDict[str, deque[float]], before: float) -> None:
    """Drop the callers whose last request was no later than that."""
    while callers and next(iter(callers.values()))[-1] <= before:
        callers.popitem(last=False)
