"""Data keys remembered for a while after they were unwrapped, so that a service does not ask KMS for every request.

Every request checks a token under a pepper that is sealed, and every verdict opens the keys of all devices. What is
remembered is in memory only, at most `MOST` data keys, each for at most the seconds given: so long does a service go on
after its right to use the key was taken away.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from registry.errors import MalformedValue
from registry.keys.base import KeyProvider, Wrapped

MOST = 1 << 17
_Place = tuple[str, bytes, bytes]


class Remembering:
    """A `KeyProvider` before another one.

    Args:
        keys: the place that is asked.
        seconds: how long a data key is remembered.
        clock: seconds that only go forward.

    Raises:
        MalformedValue: seconds that are not positive.
    """

    def __init__(self, keys: KeyProvider, *, seconds: float, clock: Callable[[], float]) -> None:
        if not seconds > 0:
            raise MalformedValue(f"data keys are remembered for some seconds, not {seconds}")
        self._keys = keys
        self._seconds = seconds
        self._clock = clock
        self._known: OrderedDict[_Place, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Remembering({self._keys!r})"

    @property
    def current(self) -> str:
        """As the place has it."""
        return self._keys.current

    @property
    def place(self) -> str:
        """As the place has it."""
        return self._keys.place

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """As the place does."""
        return self._keys.wrap(data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key, from memory if the same bytes were unwrapped lately, by the same key and for the same row."""
        asked = key_id, wrapped, context
        now = self._clock()
        with self._lock:
            since, known = self._known.get(asked, (now - self._seconds, b""))
        if now - since < self._seconds:
            return known
        data_key = self._keys.unwrap(key_id, wrapped, context)
        with self._lock:
            self._known[asked] = now, data_key
            self._known.move_to_end(asked)
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return data_key

    def rotate(self) -> str:
        """As the place does."""
        return self._keys.rotate()
