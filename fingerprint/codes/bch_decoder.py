"""Bounded-distance decoding of binary BCH codes for a batch of words at once.

1. Odd syndromes S_1, S_3, ..., S_(2t-1) are GF(2)-linear in the word: one table row per byte value and byte position,
   combined by exclusive or. Even ones are squares: S_2i = S_i^2.
2. Berlekamp's algorithm in its binary form, t steps, all words in step (Berlekamp 1968; Massey 1969).
3. Chien's search: lambda(alpha^-i) for every position i. In small fields one table row per coefficient and value,
   combined by exclusive or; large fields go through logarithms.

A word is accepted when its locator of degree L <= t has exactly L different roots among the positions of the code.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fingerprint.codes.base import Bits
from fingerprint.codes.field import Elements, Field, field

_TABLE_BYTES = 1 << 24  # largest table for Chien's search


def errors(words: Bits, *, degree: int, t: int) -> tuple[Bits, NDArray[np.bool_]]:
    """Error patterns (batch, n) of words (batch, n), and whether each word was decoded; 0 where it was not.

    Args:
        words: uint8 0 or 1; position i is the coefficient of x^(n-1-i), n at most 2^degree - 1.
        degree: m of GF(2^m).
        t: errors corrected.
    """
    batch, n = words.shape
    flips = np.zeros((batch, n), dtype=np.uint8)
    ok = np.ones(batch, dtype=np.bool_)
    odd = _odd_syndromes(words, degree, t)
    dirty = np.flatnonzero(odd.any(axis=0))
    if len(dirty):
        locator, length = _locators(field(degree), odd[:, dirty], t)
        roots = _values(locator, degree, n) == 0
        good = (roots.sum(axis=1) == length) & (length <= t)
        flips[dirty] = roots & good[:, None]
        ok[dirty] = good
    return flips, ok


@cache
def _syndrome_table(degree: int, t: int, n: int) -> Elements:
    """Syndromes of every byte value at every byte position, (bytes, 256, t)."""
    gf = field(degree)
    powers = (n - 1 - np.arange(n))[:, None] * (2 * np.arange(t) + 1)
    padded = np.zeros((-(-n // 8) * 8, t), dtype=np.uint16)
    padded[:n] = gf.powers[powers % gf.order]
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.bool_)
    rows = np.where(bits[None, :, :, None], padded.reshape(-1, 1, 8, t), 0)
    table: Elements = np.bitwise_xor.reduce(rows, axis=2)
    return table


def _odd_syndromes(words: Bits, degree: int, t: int) -> Elements:
    """S_1, S_3, ..., S_(2t-1), (t, batch)."""
    table = _syndrome_table(degree, t, words.shape[1])
    packed = np.packbits(words, axis=1)
    total = table[0].take(packed[:, 0], axis=0)
    for position in range(1, packed.shape[1]):
        total ^= table[position].take(packed[:, position], axis=0)
    return np.ascontiguousarray(total.T)


def _locators(gf: Field, odd: Elements, t: int) -> tuple[Elements, NDArray[np.int64]]:
    """Locator polynomials (t + 1, batch), lowest coefficient first, and their formal degrees (batch,)."""
    batch = odd.shape[1]
    syndromes = np.zeros((2 * t + 1, batch), dtype=np.uint16)
    syndromes[1::2] = odd
    for even in range(2, 2 * t + 1, 2):
        syndromes[even] = gf.multiply(syndromes[even // 2], syndromes[even // 2])
    logs = gf.logarithms[syndromes]
    locator = np.zeros((t + 1, batch), dtype=np.uint16)
    locator[0] = 1
    shadow = np.zeros((t + 1, batch), dtype=np.uint16)  # x^m B(x) / b of Massey's algorithm
    shadow[1] = 1
    length = np.zeros(batch, dtype=np.int64)
    for step in range(t):
        top = min(2 * step, t) + 1
        terms = gf.powers[gf.logarithms[locator[:top]] + logs[2 * step + 1 : 2 * step + 1 - top : -1]]
        discrepancy: Elements = np.bitwise_xor.reduce(terms, axis=0)
        grow = (discrepancy != 0) & (length <= step)
        inverse = gf.invert(discrepancy)
        wide = min(2 * step + 2, t + 1)
        following = np.where(grow, gf.multiply(locator[:wide], inverse), shadow[:wide])
        locator[:wide] ^= gf.multiply(shadow[:wide], discrepancy)
        keep = min(wide, t - 1)
        shadow[:2] = 0
        shadow[2 : keep + 2] = following[:keep]
        length = np.where(grow, 2 * step + 1 - length, length)
    return locator, length


@cache
def _chien_table(degree: int, t: int, n: int) -> NDArray[np.uint8 | np.uint16] | None:
    """Values at every position of every coefficient, (t + 1, 2^m, n), or None when that is too large."""
    gf = field(degree)
    kind = np.uint8 if degree <= 8 else np.uint16
    if (t + 1) * (gf.order + 1) * n * np.dtype(kind).itemsize > _TABLE_BYTES:
        return None
    exponents = _chien_exponents(gf, t, n)
    return gf.multiply(np.arange(gf.order + 1, dtype=np.uint16)[None, :, None], gf.powers[exponents][:, None]).astype(
        kind
    )


def _chien_exponents(gf: Field, t: int, n: int) -> NDArray[np.int64]:
    """Logarithms of x^j at the n positions' inverse locators, (t + 1, n)."""
    return -np.arange(t + 1)[:, None] * (n - 1 - np.arange(n)) % gf.order


def _values(locator: Elements, degree: int, n: int) -> NDArray[np.uint8 | np.uint16]:
    """The locators' values at all positions, (batch, n)."""
    t = len(locator) - 1
    table = _chien_table(degree, t, n)
    if table is not None:
        total: NDArray[np.uint8 | np.uint16] = table[0].take(locator[0], axis=0)
        for power in range(1, t + 1):
            total ^= table[power].take(locator[power], axis=0)
        return total
    gf = field(degree)
    logs = gf.logarithms[locator]
    exponents = _chien_exponents(gf, t, n)
    values = np.zeros((locator.shape[1], n), dtype=np.uint16)
    for power in range(t + 1):
        values ^= gf.powers[logs[power][:, None] + exponents[power]]
    return values
