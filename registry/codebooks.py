"""The codewords of releases, unsealed once, packed, and kept in memory only.

| kept where | what a thief of it has |
|---|---|
| this process's memory | the codewords of the releases judged lately: L bits a copy |
| the disk | nothing: no file of codewords is ever written |

A file, even a sealed one, would be opened by a key of the release, and so would outlive the key of a device that was
forgotten. The price is that a new process unseals every copy's key once: linear in the copies, in batches, and then
only copies that came since. A forgotten device's codewords leave the next time that its release is judged.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.identify import HeldCodewords
from fingerprint.identify.layout import BLOCK, WORD, Blocks, fill, to_words, words_of

MOST_BYTES = 1 << 30  # of all releases together, unless one alone takes more
BATCH = 4096  # codewords packed at a time
Marks = NDArray[np.int64]
Stream = Callable[[int], Iterator[tuple[int, bytes]]]


@dataclass(frozen=True, slots=True)
class Codebook:
    """What a unit of work judges with: codewords by position, and how positions become copies.

    Attributes:
        codewords: of every copy that the unit sees, in the order of reservation.
        label: device id and copy id of each of some positions.
    """

    codewords: HeldCodewords
    label: Callable[[Sequence[int]], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which codewords a unit of work wants.

    Attributes:
        release: release id.
        bits: L.
        newest: reservation index of the newest copy that the unit sees; -1 if there is none.
        erasures: how many devices of the tenant the unit sees forgotten.
    """

    release: str
    bits: int
    newest: int
    erasures: int


class Codebooks:
    """Packed codewords of releases, the least recently used thrown out; threads may share it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._books: OrderedDict[tuple[str, str], _Book] = OrderedDict()
        self._lock = threading.Lock()

    def held(
        self, tenant: str, wanted: Wanted, missing: Stream, gone: Callable[[], Sequence[int]]
    ) -> tuple[HeldCodewords, Marks]:
        """The codewords that a unit wants, and the reservation index of each, rising.

        Args:
            tenant: whose release it is.
            wanted: which.
            missing: reservation index and packed codeword of every copy after an index, in that order.
            gone: reservation indices of copies of forgotten devices; asked for when there are new ones.
        """
        book = self._book(tenant, wanted)
        with book.lock:
            book.extend(wanted.newest, missing)
            book.forget(wanted.erasures, gone)  # last, or a unit with an older view could bring them back
            found = book.up_to(wanted.newest)
        self._make_room()
        return found

    def _book(self, tenant: str, wanted: Wanted) -> "_Book":
        with self._lock:
            key = tenant, wanted.release
            book = self._books.setdefault(key, _Book(wanted.release, wanted.bits, wanted.erasures))
            self._books.move_to_end(key)
            return book

    def _make_room(self) -> None:
        with self._lock:
            while len(self._books) > 1 and sum(book.size for book in self._books.values()) > self._most:
                self._books.popitem(last=False)


class _Book:
    """One release's codewords. Views that were handed out stay as they were: columns in use are not written again."""

    def __init__(self, release: str, bits: int, erasures: int) -> None:
        self.lock = threading.Lock()
        self._release, self._bits, self._erasures = release, bits, erasures
        self._words = np.zeros((0, words_of(bits), BLOCK), dtype=WORD)
        self._marks: Marks = np.zeros(0, dtype=np.int64)
        self._count, self._read = 0, -1

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self._words.nbytes + self._marks.nbytes

    def forget(self, erasures: int, gone: Callable[[], Sequence[int]]) -> None:
        """Drop copies whose devices were forgotten since the last time."""
        if erasures <= self._erasures:
            return
        keep = ~np.isin(self._marks[: self._count], np.asarray(gone(), dtype=np.int64))
        rows = self._words.transpose(0, 2, 1).reshape(-1, self._words.shape[1])[: self._count][keep]
        marks = self._marks[: self._count][keep]
        self._words, self._marks, self._count = self._words[:0], self._marks[:0], 0
        self._append(marks, np.ascontiguousarray(rows))
        self._erasures = erasures

    def extend(self, newest: int, missing: Stream) -> None:
        """Read the copies that came since the last time, a batch at a time."""
        if newest <= self._read:
            return
        marks, rows = list[int](), list[bytes]()
        for mark, packed in missing(self._read):
            marks.append(mark)
            rows.append(packed)
            if len(rows) == BATCH:
                self._take(marks, rows)
                marks, rows = [], []
        if rows:
            self._take(marks, rows)
        self._read = newest

    def up_to(self, newest: int) -> tuple[HeldCodewords, Marks]:
        """The copies reserved no later than this."""
        count = int(np.searchsorted(self._marks[: self._count], newest, side="right"))
        words = self._words[: -(-count // BLOCK)]
        packed = Blocks(bits=self._bits, count=count, words=words)
        return HeldCodewords(release=self._release, packed=packed), self._marks[:count]

    def _take(self, marks: Sequence[int], rows: Sequence[bytes]) -> None:
        """A batch, read for good: whatever interrupts the next one, these copies are not read again."""
        self._append(np.asarray(marks), self._packed(rows))
        self._read = marks[-1]

    def _packed(self, rows: Sequence[bytes]) -> NDArray[np.uint64]:
        return to_words(np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1), self._bits)

    def _append(self, marks: Marks, rows: NDArray[np.uint64]) -> None:
        start, count = self._count, self._count + len(rows)
        blocks = -(-count // BLOCK)
        if blocks > len(self._words):
            grown = np.zeros((max(blocks, len(self._words) * 3 // 2), *self._words.shape[1:]), dtype=WORD)
            grown[: len(self._words)] = self._words
            self._words = grown
            self._marks = np.concatenate([self._marks, np.zeros(len(grown) * BLOCK - self._marks.size, dtype=np.int64)])
        fill(self._words, start, rows)
        self._marks[start:count] = marks
        self._count = count
