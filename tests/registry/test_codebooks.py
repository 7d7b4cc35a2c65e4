"""Codewords in memory: those of the registry and no others, read once, forgotten when they must be, on no disk."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from fingerprint.codeword import pack_bits, unpack_bits
from fingerprint.errors import FingerprintError
from fingerprint.identify.layout import BLOCK
from registry.codebooks import BATCH, Codebook, Codebooks, Wanted
from registry.errors import KeysUnavailable

ON_EVERY_DATABASE = True

BITS = 20


class Source:
    """Copies at reservation indices 0, 2, 4, ...: it counts how many were read."""

    def __init__(self, count: int) -> None:
        self.count, self.gone, self.read = count, list[int](), 0

    def packed(self, mark: int) -> bytes:
        """Some codeword of L = 20 bits."""
        return (mark * 2654435761 % 2**BITS).to_bytes(3, "little")

    def missing(self, after: int) -> Iterator[tuple[int, bytes]]:
        """The protocol's stream."""
        for mark in range(0, 2 * self.count, 2):
            if mark > after and mark not in self.gone:
                self.read += 1
                yield mark, self.packed(mark)

    def held(self, books: Codebooks, *, release: str = "r", tenant: str = "t", newest: int | None = None) -> list[int]:
        """Marks of what is held, after checking every codeword."""
        last = 2 * self.count - 2 if newest is None else newest
        wanted = Wanted(release=release, bits=BITS, newest=last, erasures=len(self.gone))
        codewords, marks = books.held(tenant, wanted, self.missing, lambda: self.gone)
        assert codewords.count == len(marks)
        assert signs(codewords.blocks().words, codewords.count) == [self.packed(int(mark)) for mark in marks]
        return [int(mark) for mark in marks]


def signs(words: np.ndarray, count: int) -> list[bytes]:
    """Packed codewords of blocks, one by one."""
    rows = words.transpose(0, 2, 1).reshape(-1, words.shape[1])[:count]
    return [np.ascontiguousarray(row).tobytes()[:3] for row in rows]


def test_each_copy_is_read_once() -> None:
    """A second unit reads nothing, a later one what came since; across the blocks' borders too."""
    source, books = Source(BLOCK - 1), Codebooks()
    assert len(source.held(books)) == source.read == BLOCK - 1
    source.held(books)
    assert source.read == BLOCK - 1
    source.count = BLOCK + 2
    assert source.held(books) == list(range(0, 2 * BLOCK + 4, 2))
    assert source.read == BLOCK + 2


def test_a_unit_sees_no_later_copies() -> None:
    """A unit with an older view gets the copies of its time, whatever others have read since."""
    source, books = Source(10), Codebooks()
    source.held(books)
    assert source.held(books, newest=6) == [0, 2, 4, 6]
    assert source.held(books, newest=-1) == []
    assert source.read == 10


class Unreachable(Source):
    """Copies whose keys are kept in a place that stops answering after some of them, once."""

    def __init__(self, count: int, reachable: int) -> None:
        super().__init__(count)
        self.reachable: int | None = reachable

    def missing(self, after: int) -> Iterator[tuple[int, bytes]]:
        """Some of the stream, then an error."""
        for read, copy in enumerate(super().missing(after)):
            if read == self.reachable:
                self.reachable = None
                raise KeysUnavailable("the place does not answer")
            yield copy


def test_a_reading_that_broke_off_is_gone_on_with() -> None:
    """Copies read before the error are held once, in their order, whatever is read after it."""
    source, books = Unreachable(2 * BATCH + 3, BATCH + 1), Codebooks()
    with pytest.raises(KeysUnavailable):
        source.held(books)
    assert source.held(books, newest=2 * BATCH - 2) == list(range(0, 2 * BATCH, 2))
    assert source.held(books) == list(range(0, 4 * BATCH + 6, 2))
    assert source.read == 2 * BATCH + 3 + 2


def test_an_older_view_brings_nobody_back() -> None:
    """A forgotten device stays out, though a unit that knew of it broke off and one with an older view came after."""
    source, books = Unreachable(2, BATCH + 1), Codebooks()
    source.held(books)
    source.count, forgotten = BATCH + 9, 2 * BATCH + 10
    source.gone = [forgotten]
    with pytest.raises(KeysUnavailable):
        source.held(books)
    source.gone = []
    assert forgotten in source.held(books)
    source.gone = [forgotten]
    assert forgotten not in source.held(books)


def test_forgotten_devices_leave_memory() -> None:
    """Their copies are dropped without reading the others again, and a view handed out before stays whole."""
    source, books = Source(10), Codebooks()
    wanted = Wanted(release="r", bits=BITS, newest=18, erasures=0)
    before, marks = books.held("t", wanted, source.missing, list)
    source.gone = [2, 18]
    assert source.held(books) == [0, 4, 6, 8, 10, 12, 14, 16]
    assert source.held(books) == [0, 4, 6, 8, 10, 12, 14, 16]
    assert source.read == 10
    assert signs(before.blocks().words, 10) == [source.packed(int(mark)) for mark in marks]


def test_releases_and_tenants_do_not_mix() -> None:
    """Each has its own codewords; a release that was thrown out for want of room is read again."""
    one, two, books = Source(3), Source(5), Codebooks(most_bytes=1)
    assert len(one.held(books)) == 3
    assert len(two.held(books, release="s")) == 5
    assert len(two.held(books, tenant="u")) == 5
    one.held(books)
    assert (one.read, two.read) == (6, 10)


def test_a_stream_that_breaks_leaves_the_rest_to_be_read() -> None:
    """What was read before the error is kept, and nothing is taken twice."""
    source, books = Source(3), Codebooks()

    def broken(after: int) -> Iterator[tuple[int, bytes]]:
        yield from list(source.missing(after))[:2]
        raise FingerprintError("gone")

    with pytest.raises(FingerprintError):
        books.held("t", Wanted(release="r", bits=BITS, newest=4, erasures=0), broken, list)
    assert source.held(books) == [0, 2, 4]


def matrix(book: Codebook, bits: int) -> tuple[Sequence[tuple[str, str]], list[list[int]]]:
    """Labels and signs of everything in a codebook."""
    count = book.codewords.count
    words = book.codewords.blocks().words
    rows = np.ascontiguousarray(words.transpose(0, 2, 1).reshape(-1, words.shape[1])[:count]).view(np.uint8)
    packed = [row.tobytes()[: -(-bits // 8)] for row in rows]
    return book.label(range(count)), [unpack_bits(row, bits).tolist() for row in packed]


def test_it_holds_the_candidates(filled: Any) -> None:
    """Devices, copies and codewords are those of the slow way, as copies come and devices are forgotten."""
    for change in (
        lambda registry: None,
        lambda registry: registry.reserve_copy(filled.tenant, "v1", "pump 1"),
        lambda registry: registry.forget_device(filled.tenant, "pump 0"),
        lambda registry: registry.forget_device(filled.tenant, "pump 2"),
    ):
        with filled.store.unit() as registry:
            change(registry)
            within = matrix(registry.codebook(filled.tenant, "v1"), filled.release.bits)
        with filled.store.reading() as registry:
            slow = registry.candidates(filled.tenant, "v1")
            after = matrix(registry.codebook(filled.tenant, "v1"), filled.release.bits)
        assert within == after == (list(zip(slow.devices, slow.copies, strict=True)), slow.codewords.tolist())


def test_a_unit_that_is_undone_leaves_nothing(filled: Any) -> None:
    """A copy that was never committed is in nobody's memory, though another takes its place in the log."""
    with filled.store.reading() as registry:
        registry.codebook(filled.tenant, "v1")

    def reserve_and_fail() -> None:
        with filled.store.unit() as registry:
            registry.reserve_copy(filled.tenant, "v1", "pump 0")
            assert registry.codebook(filled.tenant, "v1").codewords.count == 4
            raise KeyError

    with pytest.raises(KeyError):
        reserve_and_fail()
    with filled.store.unit() as registry:
        registry.reserve_copy(filled.tenant, "v1", "pump 1")
    with filled.store.reading() as registry:
        slow = registry.candidates(filled.tenant, "v1")
        found = matrix(registry.codebook(filled.tenant, "v1"), filled.release.bits)
    assert found == (list(zip(slow.devices, slow.copies, strict=True)), slow.codewords.tolist())


def test_a_stolen_disk_yields_no_codeword(filled: Any, data_dir: Any, decided: Any) -> None:
    """After a verdict no file of the registry holds a codeword, packed or as signs."""
    with filled.store.reading() as registry:
        assert registry.codebook(filled.tenant, "v1").codewords.count == 3
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"registry.db", "log.key"}
    data = b"".join(path.read_bytes() for path in files)
    for reservation in filled.reservations:
        assert pack_bits(reservation.codeword)[:8] not in data
        assert reservation.codeword.tobytes()[:24] not in data
