"""The codewords of a release in one memory-mapped file that grows.

```
0      8 bytes   "CMINDEX" and the version, 1
8      4 bytes   length of the header, little-endian
12     header    canonical JSON (RFC 8785), type countermark/codeword-index: bits, block, release
4088   8 bytes   number of devices, little-endian, written after their codewords
4096   blocks    uint64 little-endian, (blocks, ceil(bits / 64), 16384), see `layout`
```

This is the one module of `fingerprint` that opens files. Codewords are secrets: the file is made with mode 0600 and
belongs where the registry's key-encryption key is. Whoever can read it can frame no one afterwards (evidence is fixed
by the suspect's answers) but can forge copies in a device's name; whoever can write it can hide a device, which the
registry's sealed codewords disprove. One writer at a time; readers see the devices that were there when they opened.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, MalformedError, ParameterError
from fingerprint.identify.layout import BLOCK, WORD, Blocks, fill, pack_codewords, to_words, words_of

MAGIC = b"CMINDEX\x01"
TAG = "countermark/codeword-index"
_HEADER, _COUNT_AT = 4096, 4088
_ROWS = 4 * BLOCK  # devices packed and written at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """A file of packed codewords. Make it with `create_index`, open it with `open_index`.

    Attributes:
        path: where it is.
        bits: L.
        release: release id that the codewords were drawn for.
        count: N, devices in it when it was opened.
    """

    path: Path
    bits: int
    release: str
    count: int

    def blocks(self) -> Blocks:
        """All blocks, mapped read-only."""
        if self.count == 0:
            return Blocks(bits=self.bits, count=0, words=np.zeros((0, words_of(self.bits), BLOCK), dtype=WORD))
        shape = (-(-self.count // BLOCK), words_of(self.bits), BLOCK)
        mapped = np.memmap(self.path, dtype=WORD, mode="r", offset=_HEADER, shape=shape)
        return Blocks(bits=self.bits, count=self.count, words=mapped.view(np.ndarray))

    def part(self, start: int, stop: int) -> "FilePart":
        """Blocks start to stop, to be mapped where they are scanned."""
        return FilePart(index=self, start=start, stop=stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """Blocks start to stop of a file: small enough to send to another process, which maps them there."""

    index: IndexFile
    start: int
    stop: int

    def blocks(self) -> Blocks:
        """The blocks, mapped read-only.

        Raises:
            MalformedError: the file is not there in full, or is another one.
        """
        now = open_index(self.index.path)
        if (now.release, now.bits) != (self.index.release, self.index.bits) or now.count < self.index.count:
            raise MalformedError(f"{now.path} was replaced since it was opened; open it again")
        return self.index.blocks().part(self.start, self.stop)


def create_index(path: Path, *, bits: int, release: str) -> IndexFile:
    """A new, empty file, readable by its owner only.

    Raises:
        FileExistsError: something is there already.
        ParameterError: bits out of range, or no release.
    """
    words_of(bits)
    header = canonical.encode(TAG, {"bits": bits, "block": BLOCK, "release": release})
    start = MAGIC + len(header).to_bytes(4, "little") + header
    if not release or len(start) > _COUNT_AT:
        raise ParameterError("the release id is empty or too long; give the digest of the verifier pack")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(start.ljust(_HEADER, b"\0"))
    return IndexFile(path=path, bits=bits, release=release, count=0)


def open_index(path: Path) -> IndexFile:
    """The file at `path`, checked.

    Raises:
        MalformedError: not an index, of another version, truncated, or a header that is not canonical.
        FileNotFoundError: nothing is there.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER)
    if len(head) < _HEADER or not head.startswith(MAGIC):
        raise MalformedError(f"{path}: no codeword index of this version; build it again from the registry")
    length = int.from_bytes(head[8:12], "little")
    try:
        fields = canonical.decode(TAG, head[12 : 12 + min(length, _COUNT_AT)])
        bits, block, release = int(fields["bits"]), fields["block"], str(fields["release"])
        width = words_of(bits)
    except (CanonicalMalformed, ParameterError, KeyError, TypeError, ValueError) as error:
        raise MalformedError(f"{path}: the header of the codeword index does not parse: {error}") from error
    count = int.from_bytes(head[_COUNT_AT:], "little")
    if block != BLOCK or path.stat().st_size < _HEADER + -(-count // BLOCK) * width * BLOCK * WORD.itemsize:
        raise MalformedError(f"{path}: truncated, or of another block size; build it again from the registry")
    return IndexFile(path=path, bits=bits, release=release, count=count)


def add_codewords(index: IndexFile, codewords: NDArray[np.int8]) -> IndexFile:
    """Append int8 codewords (n, L); the first gets position `index.count`. Returns the file as it is now.

    Raises:
        ParameterError: not a matrix of -1 and +1 with L columns.
        MalformedError: the file has changed since it was opened.
    """
    return add_packed(index, pack_codewords(codewords))


def add_packed(index: IndexFile, rows: NDArray[np.uint8]) -> IndexFile:
    """Append packed codewords, uint8 (n, ceil(L / 8)); cost linear in n, whatever is there already.

    Codewords are written first and the count last: a crash in between leaves the file as it was.

    Raises:
        ParameterError: rows of another length, or with bits set beyond the codeword's end.
        MalformedError: the file has changed since it was opened.
    """
    if (now := open_index(index.path)) != index:
        raise MalformedError(f"{index.path} holds {now.count} devices, not {index.count}; open it again")
    parts = [to_words(rows[start : start + _ROWS], index.bits) for start in range(0, len(rows), _ROWS)]
    count = index.count + len(rows)
    shape = (-(-count // BLOCK), words_of(index.bits), BLOCK)
    if len(rows):
        os.truncate(index.path, _HEADER + int(np.prod(shape)) * WORD.itemsize)
        mapped = np.memmap(index.path, dtype=WORD, mode="r+", offset=_HEADER, shape=shape)
        for number, part in enumerate(parts):
            fill(mapped, index.count + number * _ROWS, part)
        mapped.flush()
        _write_count(index.path, count)
    return IndexFile(path=index.path, bits=index.bits, release=index.release, count=count)


def _write_count(path: Path, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(_COUNT_AT)
        file.write(count.to_bytes(8, "little"))
        file.flush()
        os.fsync(file.fileno())
