"""Repetition: one bit sent r times. As an inner code it turns many weak bits into a few strong ones."""

from dataclasses import dataclass

import numpy as np

from fingerprint.codes.base import Bits, Decoding, Values, check_messages, check_rate, check_received
from fingerprint.codes.tails import binomial_tail
from fingerprint.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Repetition:
    """The (r, 1) repetition code; the decoder's value is the sum of the r received values, its best soft output.

    Attributes:
        n: r, the number of copies.

    Example:
        >>> Repetition(3).decode(np.array([[1, -1, -1]], dtype=np.float32)).message.tolist()
        [[1]]

    Raises:
        ParameterError: r is not positive.
    """

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ParameterError(f"a bit must be sent at least once, not {self.n} times")

    @property
    def name(self) -> str:
        """Name with every parameter."""
        return f"repetition({self.n})"

    @property
    def k(self) -> int:
        """One message bit."""
        return 1

    @property
    def t(self) -> int:
        """floor((r - 1) / 2)."""
        return (self.n - 1) // 2

    def encode(self, message: Bits) -> Bits:
        """Codewords (batch, r) of messages (batch, 1)."""
        check_messages(self, message)
        return np.repeat(message, self.n, axis=1)

    def decode(self, received: Values) -> Decoding:
        """Messages of received words (batch, r); a sum of 0 is an erasure and not accepted."""
        check_received(self, received)
        values = received.sum(axis=1, keepdims=True, dtype=np.float32)
        return Decoding(values=values, ok=values[:, 0] != 0)

    def failure_bound(self, error: float) -> float:
        """Probability that at least half of the copies are wrong: exact, with ties as failures."""
        check_rate(error)
        return binomial_tail(self.n, (self.n + 1) // 2, error)
