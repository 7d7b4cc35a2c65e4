"""Codes made of codes: several blocks side by side, and one code inside another."""

import math
from dataclasses import dataclass

import numpy as np

from fingerprint.codes.base import Bits, Code, Decoding, Values, check_messages, check_received
from fingerprint.codes.tails import binomial_tail
from fingerprint.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Blocks:
    """The same code used for `count` codewords side by side; accepted when every block is.

    Example:
        >>> from fingerprint.codes.golay import Golay
        >>> Blocks(Golay(), 22).k
        264

    Raises:
        ParameterError: no block.
    """

    code: Code
    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ParameterError(f"at least one block is needed, not {self.count}")

    @property
    def name(self) -> str:
        """Name with every parameter."""
        return f"{self.count}*{self.code.name}"

    @property
    def n(self) -> int:
        """Length of all codewords together."""
        return self.count * self.code.n

    @property
    def k(self) -> int:
        """Length of all messages together."""
        return self.count * self.code.k

    @property
    def t(self) -> int:
        """All wrong bits may fall in one block."""
        return self.code.t

    def encode(self, message: Bits) -> Bits:
        """Codewords (batch, n) of messages (batch, k)."""
        check_messages(self, message)
        return self.code.encode(message.reshape(-1, self.code.k)).reshape(-1, self.n)

    def decode(self, received: Values) -> Decoding:
        """Messages of received words (batch, n)."""
        check_received(self, received)
        found = self.code.decode(received.reshape(-1, self.code.n))
        ok = np.logical_and.reduce(found.ok.reshape(-1, self.count), axis=1)
        return Decoding(values=found.values.reshape(-1, self.k), ok=ok)

    def failure_bound(self, error: float) -> float:
        """1 - (1 - P)^count for independent blocks that each fail with at most P."""
        return -math.expm1(self.count * math.log1p(-min(self.code.failure_bound(error), 1 - 1e-16)))


@dataclass(frozen=True, slots=True)
class Concatenated:
    """An outer code whose codewords are cut into messages of an inner code.

    The inner decoder's values go to the outer one with their confidence, so a repetition code inside loses nothing.

    Example:
        >>> from fingerprint.codes.golay import Golay
        >>> from fingerprint.codes.repetition import Repetition
        >>> Concatenated(Golay(), Repetition(5)).n
        115

    Raises:
        ParameterError: the outer length is no multiple of the inner dimension.
    """

    outer: Code
    inner: Code

    def __post_init__(self) -> None:
        if self.outer.n % self.inner.k:
            raise ParameterError(f"{self.outer.name} does not divide into messages of {self.inner.name}")

    @property
    def name(self) -> str:
        """Name with every parameter."""
        return f"{self.outer.name}@{self.inner.name}"

    @property
    def n(self) -> int:
        """Length of a codeword."""
        return self.outer.n // self.inner.k * self.inner.n

    @property
    def k(self) -> int:
        """Dimension of the outer code."""
        return self.outer.k

    @property
    def t(self) -> int:
        """Wrong bits always corrected: t_in + 1 of them spoil at most one inner word, hence k_in outer bits."""
        spoiled = self.outer.t // self.inner.k
        return (spoiled + 1) * (self.inner.t + 1) - 1

    def encode(self, message: Bits) -> Bits:
        """Codewords (batch, n) of messages (batch, k)."""
        check_messages(self, message)
        return self.inner.encode(self.outer.encode(message).reshape(-1, self.inner.k)).reshape(-1, self.n)

    def decode(self, received: Values) -> Decoding:
        """Messages of received words (batch, n)."""
        check_received(self, received)
        values = self.inner.decode(received.reshape(-1, self.inner.n)).values
        return self.outer.decode(values.reshape(-1, self.outer.n))

    def failure_bound(self, error: float) -> float:
        """The outer code's bound at the inner code's error rate.

        With an inner code of one bit the outer bits are wrong independently. A wider inner code spoils k_in bits at a
        time: then the probability of more spoiled inner words than the outer code's t allows.
        """
        spoiled = self.inner.failure_bound(error)
        if self.inner.k == 1:
            return self.outer.failure_bound(min(spoiled, 0.5))
        return binomial_tail(self.outer.n // self.inner.k, self.outer.t // self.inner.k + 1, spoiled)
