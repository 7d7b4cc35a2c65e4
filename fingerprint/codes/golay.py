"""The perfect binary Golay code (23, 12): every received word lies within 3 bits of exactly one codeword.

Systematic and cyclic with generator g(x) = x^11 + x^10 + x^6 + x^5 + x^4 + x^2 + 1 (Golay 1949; MacWilliams and Sloane,
chapter 20). Decoding looks the error pattern up by its 11-bit syndrome.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fingerprint.codes.base import (
    Bits,
    Decoding,
    Values,
    bits_of,
    check_messages,
    check_rate,
    check_received,
    values_of,
)
from fingerprint.codes.tails import binomial_tail

_GENERATOR = 0b110001110101  # x^11 first
_N, _K, _T = 23, 12, 3


def _remainder(word: int) -> int:
    for shift in range(_N - 1, 10, -1):
        if word >> shift & 1:
            word ^= _GENERATOR << (shift - 11)
    return word


@cache
def _syndromes() -> NDArray[np.int64]:
    """Syndrome of a single error at every position, (23,); position 0 is the coefficient of x^22."""
    return np.array([_remainder(1 << (_N - 1 - position)) for position in range(_N)], dtype=np.int64)


@cache
def _errors() -> Bits:
    """Message part of the error pattern of every syndrome, uint8 (2048, 12)."""
    table = np.zeros((1 << 11, _K), dtype=np.uint8)
    syndromes = _syndromes()
    for weight in range(1, _T + 1):
        for positions in combinations(range(_N), weight):
            syndrome = int(np.bitwise_xor.reduce(syndromes[list(positions)]))
            table[syndrome, [position for position in positions if position < _K]] = 1
    table.setflags(write=False)
    return table


def _syndrome_of(words: Bits) -> NDArray[np.int64]:
    """Syndromes (batch,) of words (batch, <= 23)."""
    syndromes: NDArray[np.int64] = np.bitwise_xor.reduce(np.where(words, _syndromes()[: words.shape[1]], 0), axis=1)
    return syndromes


@dataclass(frozen=True, slots=True)
class Golay:
    """The (23, 12) Golay code; the decoder uses signs only and always accepts, for the code is perfect.

    Example:
        >>> m = np.eye(12, dtype=np.uint8)
        >>> word = Golay().encode(m)
        >>> word[:, [0, 9, 22]] ^= 1
        >>> bool((Golay().decode(values_of(word)).message == m).all())
        True
    """

    @property
    def name(self) -> str:
        """Name with every parameter."""
        return "golay(23,12)"

    @property
    def n(self) -> int:
        """23."""
        return _N

    @property
    def k(self) -> int:
        """12."""
        return _K

    @property
    def t(self) -> int:
        """3."""
        return _T

    def encode(self, message: Bits) -> Bits:
        """Codewords (batch, 23) of messages (batch, 12): message, then 11 parity bits."""
        check_messages(self, message)
        parity = _syndrome_of(message)[:, None] >> np.arange(10, -1, -1) & 1
        return np.concatenate([message, parity.astype(np.uint8)], axis=1)

    def decode(self, received: Values) -> Decoding:
        """Messages of received words (batch, 23)."""
        check_received(self, received)
        words = bits_of(received)
        message = words[:, :_K] ^ _errors()[_syndrome_of(words)]
        return Decoding(values=values_of(message), ok=np.ones(len(words), dtype=np.bool_))

    def failure_bound(self, error: float) -> float:
        """Probability of more than 3 wrong bits: exact for the codeword, an upper bound for the message."""
        check_rate(error)
        return binomial_tail(_N, _T + 1, error)
