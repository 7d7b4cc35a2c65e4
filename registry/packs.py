"""Verifier packs, opened once and kept in memory: to read, unseal, digest and parse one costs more than a verdict.

| kept where | what a thief of it has |
|---|---|
| this process's memory | the packs judged with lately: probes, references, the release's key |
| the disk | what was there before: sealed files |

A pack is opened anew when its row says anything else than before, or when its file was touched; so one that was changed
or lost after it was opened is found by the next verdict, as it is by a process that never had it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from fingerprint.pack import VerifierPack

MOST_BYTES = 1 << 29  # of all packs together, unless one alone takes more
_MOST_PACKS = 1000  # those that could not be opened included


@dataclass(slots=True)
class _Held:
    """A pack, once it is opened."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    pack: VerifierPack | None = None


class Packs:
    """Opened packs, the least recently used thrown out; threads may share it, and its packs' arrays are read-only."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def opened(self, seen: Hashable, open_it: Callable[[], VerifierPack]) -> VerifierPack:
        """The pack.

        Args:
            seen: all that decides which pack it is, its file's state included.
            open_it: reads and checks it; called once, however many threads ask. What it raises is not remembered.
        """
        with self._lock:
            held = self._held.setdefault(seen, _Held())
            self._held.move_to_end(seen)
        with held.lock:
            if held.pack is None:
                held.pack = _frozen(open_it())
            pack = held.pack
        self._make_room()
        return pack

    def _make_room(self) -> None:
        with self._lock:
            while len(self._held) > _MOST_PACKS or (len(self._held) > 1 and self._size() > self._most):
                self._held.popitem(last=False)

    def _size(self) -> int:
        packs = [held.pack for held in self._held.values() if held.pack is not None]
        return sum(array.nbytes for pack in packs for array in pack.arrays())


def _frozen(pack: VerifierPack) -> VerifierPack:
    for array in pack.arrays():
        array.setflags(write=False)
    return pack
