"""Binary BCH codes, primitive and narrow-sense, shortened at will, decoded up to their designed distance.

    g(x) = lcm of the minimal polynomials of alpha, alpha^3, ..., alpha^(2t-1) over GF(2^m),  n = 2^m - 1 - s

Codewords are systematic: message, then parity; position i is the coefficient of x^(n-1-i).
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fingerprint.codes import bch_decoder
from fingerprint.codes.base import Bits, Decoding, Values, bits_of, check_messages, check_rate, check_received
from fingerprint.codes.field import field as galois_field
from fingerprint.codes.tails import binomial_tail
from fingerprint.errors import ParameterError

_CHUNK = 4096  # words decoded at once: tables and intermediate values stay in the cache


def coset(element: int, order: int) -> frozenset[int]:
    """The cyclotomic coset {i, 2i, 4i, ...} modulo 2^m - 1.

    Example:
        >>> sorted(coset(3, 15))
        [3, 6, 9, 12]
    """
    found = {element}
    while (element := 2 * element % order) not in found:
        found.add(element)
    return frozenset(found)


@cache
def generator(degree: int, t: int) -> int:
    """The generator polynomial as an integer; bit i is the coefficient of x^i.

    Example:
        >>> bin(generator(4, 2))  # BCH(15, 7): x^8 + x^7 + x^6 + x^4 + 1
        '0b111010001'
    """
    gf = galois_field(degree)
    roots = sorted(set().union(*(coset(odd, gf.order) for odd in range(1, 2 * t, 2))))
    product = np.array([1], dtype=np.uint16)  # lowest coefficient first
    for root in roots:
        shifted = np.concatenate([np.zeros(1, dtype=np.uint16), product])
        scaled = gf.multiply(product, gf.powers[root])
        shifted[:-1] ^= scaled
        product = shifted
    return sum(int(bit) << power for power, bit in enumerate(product))


@cache
def parity(degree: int, t: int, k: int) -> NDArray[np.float32]:
    """The map from messages to parity bits, (k, n - k); row i is x^(n-1-i) mod g."""
    poly = generator(degree, t)
    width = poly.bit_length() - 1
    rows = np.zeros((k, width), dtype=np.float32)
    remainder = 1
    for row in reversed(rows):
        remainder = 1 << width if not row.any() and remainder == 1 else remainder << 1
        remainder = _reduced(remainder, poly, width)
        row[:] = [remainder >> shift & 1 for shift in range(width - 1, -1, -1)]
    rows.setflags(write=False)
    return rows


def _reduced(value: int, poly: int, width: int) -> int:
    return value ^ poly if value >> width & 1 else value


@dataclass(frozen=True, slots=True)
class Bch:
    """BCH code of length 2^degree - 1 - shortened that corrects t errors; the decoder uses signs only.

    Attributes:
        degree: m of GF(2^m), 3 to 12.
        t: errors corrected.
        shortened: s, leading message bits left out.

    Example:
        >>> code = Bch(degree=7, t=10)
        >>> code.n, code.k
        (127, 64)

    Raises:
        ParameterError: no such field, or no message bit left.
    """

    degree: int
    t: int
    shortened: int = 0
    k: int = field(init=False)

    def __post_init__(self) -> None:
        order = galois_field(self.degree).order
        if not 1 <= self.t <= order // 2:
            raise ParameterError(f"BCH over GF(2^{self.degree}) corrects 1 to {order // 2} errors, not {self.t}")
        left = order - (generator(self.degree, self.t).bit_length() - 1) - self.shortened
        if self.shortened < 0 or left < 1:
            raise ParameterError(f"shortening by {self.shortened} leaves {left} message bits")
        object.__setattr__(self, "k", left)

    @property
    def name(self) -> str:
        """Name with every parameter."""
        return f"bch({self.n},{self.k},{self.t})"

    @property
    def n(self) -> int:
        """Length of a codeword."""
        return galois_field(self.degree).order - self.shortened

    def encode(self, message: Bits) -> Bits:
        """Codewords (batch, n) of messages (batch, k): message, then parity."""
        check_messages(self, message)
        checks = message.astype(np.float32) @ parity(self.degree, self.t, self.k) % 2
        return np.concatenate([message, checks.astype(np.uint8)], axis=1)

    def decode(self, received: Values) -> Decoding:
        """Messages of received words (batch, n); refused words keep their signs with confidence 0."""
        check_received(self, received)
        values = np.empty((len(received), self.k), dtype=np.float32)
        ok = np.empty(len(received), dtype=np.bool_)
        for start in range(0, len(received), _CHUNK):
            part = slice(start, start + _CHUNK)
            words = bits_of(received[part])
            flips, ok[part] = bch_decoder.errors(words, degree=self.degree, t=self.t)
            values[part] = (1 - 2 * (words ^ flips)[:, : self.k].astype(np.int8)) * ok[part, None]
        return Decoding(values=values, ok=ok)

    def failure_bound(self, error: float) -> float:
        """Probability of more than t errors at an independent bit error rate: exact for this decoder."""
        check_rate(error)
        return binomial_tail(self.n, self.t + 1, error)
