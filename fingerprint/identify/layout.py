"""Packed codewords, laid out for scanning: blocks of 16,384 devices, one 64-bit word of the codeword after the other.

Bit i of a codeword, +1 as 1, is bit i mod 64 of word i div 64. A block is (W, BLOCK) words: word w of all its devices
lies together, so that one instruction works on many devices, and devices are added by filling columns of the last
block. L bits take 8 ceil(L / 64) bytes a device.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

BLOCK = 16_384  # a block of 512-bit codewords is 1 MB: large against the cost of a call, small against a cache
WORD_BITS = 64
MAX_BITS = 2**19  # of 12-bit evidence, sums stay in 32 bits
WORD = np.dtype("<u8")
Words = NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Packed codewords of `count` devices, at positions `first`, `first + 1`, ...

    Attributes:
        bits: L.
        count: N, devices in these blocks; what lies beyond it in the last block is not read.
        words: uint64 (blocks, W, BLOCK), in memory or mapped.
        first: position of the first device.
    """

    bits: int
    count: int
    words: Words
    first: int = 0

    def __post_init__(self) -> None:
        if self.words.ndim != 3 or self.words.shape[1:] != (words_of(self.bits), BLOCK):
            raise ParameterError(f"blocks of shape {self.words.shape} do not hold codewords of {self.bits} bits")
        if not 0 <= self.count <= len(self.words) * BLOCK:
            raise ParameterError(f"{len(self.words)} blocks cannot hold {self.count} devices")

    def __repr__(self) -> str:  # codewords are secrets: keep them out of logs and tracebacks
        return f"Blocks(bits={self.bits}, count={self.count}, first={self.first})"

    def part(self, start: int, stop: int) -> "Blocks":
        """Blocks start to stop (numbers of blocks), with their devices' positions unchanged."""
        held = max(0, min(self.count, stop * BLOCK) - start * BLOCK)
        return Blocks(bits=self.bits, count=held, words=self.words[start:stop], first=self.first + start * BLOCK)


def words_of(bits: int) -> int:
    """W, 64-bit words of a codeword.

    Raises:
        ParameterError: L is not between 1 and 2^19.

    Example:
        >>> words_of(288)
        5
    """
    if not 1 <= bits <= MAX_BITS:
        raise ParameterError(f"a codeword has 1 to {MAX_BITS} bits, not {bits}")
    return -(-bits // WORD_BITS)


def pack_codewords(codewords: NDArray[np.int8]) -> NDArray[np.uint8]:
    """One row of bytes a codeword: `codeword.pack_bits` of every row, uint8 (N, ceil(L / 8)).

    Raises:
        ParameterError: not a matrix of -1 and +1.

    Example:
        >>> pack_codewords(np.array([[1, -1, 1], [-1, 1, 1]], dtype=np.int8)).tolist()
        [[5], [6]]
    """
    if codewords.ndim != 2 or not ((codewords == 1) | (codewords == -1)).all():
        raise ParameterError(f"codewords of shape {codewords.shape} must be a matrix of -1 and +1")
    return np.packbits(codewords > 0, axis=1, bitorder="little")


def to_words(rows: NDArray[np.uint8], bits: int) -> Words:
    """Packed rows (N, ceil(L / 8)) as words (N, W).

    Raises:
        ParameterError: rows of another length, or with bits set beyond the codeword's end.
    """
    width = -(-bits // 8)
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != width:
        raise ParameterError(f"packed rows of {rows.dtype}{rows.shape}; {bits} bits take uint8 rows of {width} bytes")
    spare = width * 8 - bits
    if spare and (rows[:, -1] >> np.uint8(8 - spare)).any():
        raise ParameterError(f"bits beyond the codeword's end are set; the rows hold no codewords of {bits} bits")
    padded = np.zeros((len(rows), words_of(bits) * 8), dtype=np.uint8)
    padded[:, :width] = rows
    return padded.view(WORD)


def fill(words: Words, start: int, rows: Words) -> None:
    """Write rows (n, W) into blocks (B, W, BLOCK) at positions start, start + 1, ..."""
    done = 0
    while done < len(rows):
        block, column = divmod(start + done, BLOCK)
        taken = min(BLOCK - column, len(rows) - done)
        words[block, :, column : column + taken] = rows[done : done + taken].T
        done += taken


def to_blocks(rows: NDArray[np.uint8], bits: int, *, first: int = 0) -> Blocks:
    """Blocks in memory of packed rows (N, ceil(L / 8)).

    Example:
        >>> to_blocks(pack_codewords(np.array([[1, -1, 1]], dtype=np.int8)), 3)
        Blocks(bits=3, count=1, first=0)
    """
    words = np.zeros((-(-len(rows) // BLOCK), words_of(bits), BLOCK), dtype=WORD)
    fill(words, 0, to_words(rows, bits))
    return Blocks(bits=bits, count=len(rows), words=words, first=first)
