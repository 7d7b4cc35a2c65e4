"""The contract of an error-correcting code, vectorised over codewords.

Bits are uint8 0 or 1. A decoder receives real values whose sign is the bit (positive: 0, negative: 1) and whose size is
the confidence; a hard read-out is +-1. Codes that only use the sign say so.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

Bits = NDArray[np.uint8]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoding:
    """What a decoder found for a batch of received words.

    Attributes:
        values: float32 (batch, k); the sign is the message bit, the size the confidence, 0 an erasure.
        ok: bool (batch,); whether the decoder accepts its own answer.
    """

    values: Values
    ok: NDArray[np.bool_]

    @property
    def message(self) -> Bits:
        """The message bits, uint8 (batch, k)."""
        return (self.values < 0).view(np.uint8)


class Code(Protocol):
    """A binary code of length n and dimension k.

    Laws (one conformance suite tests them for every row of `fingerprint.codes.catalogue`): encoding is linear and
    injective; `decode(values_of(encode(m))).message == m`; every pattern of at most `t` wrong bits is corrected.
    """

    @property
    def name(self) -> str:
        """A name that fixes every parameter of the code: equal names, equal codes."""
        ...

    @property
    def n(self) -> int:
        """Length of a codeword in bits."""
        ...

    @property
    def k(self) -> int:
        """Length of a message in bits."""
        ...

    @property
    def t(self) -> int:
        """Number of wrong bits that are always corrected."""
        ...

    def encode(self, message: Bits) -> Bits:
        """Codewords (batch, n) of messages (batch, k).

        Raises:
            ParameterError: another shape, or values other than 0 and 1.
        """
        ...

    def decode(self, received: Values) -> Decoding:
        """Messages of received words (batch, n).

        Raises:
            ParameterError: another shape, or values that are not finite.
        """
        ...

    def failure_bound(self, error: float) -> float:
        """Upper bound on the probability of a wrong or refused message at a bit error rate.

        Hard read-outs, independent errors, uniform messages. Each code says how the bound is made.

        Raises:
            ParameterError: a rate outside [0, 1/2].
        """
        ...


def values_of(bits: Bits) -> Values:
    """+1 for bit 0 and -1 for bit 1: a hard read-out as a decoder takes it, float32 of the same shape.

    Example:
        >>> values_of(np.array([0, 1], dtype=np.uint8)).tolist()
        [1.0, -1.0]
    """
    return np.float32(1) - 2 * bits.astype(np.float32)


def bits_of(values: Values) -> Bits:
    """The hard decision: 1 where the value is negative, uint8 of the same shape."""
    return (values < 0).view(np.uint8)


def check_rate(error: float) -> None:
    """Nothing, when `error` is a bit error rate.

    Raises:
        ParameterError: it lies outside [0, 1/2].
    """
    if not 0 <= error <= 0.5:
        raise ParameterError(f"a bit error rate of {error}; it must lie between 0 and 1/2")


def check_messages(code: Code, message: Bits) -> None:
    """Nothing, when `message` is a batch of messages of the code.

    Raises:
        ParameterError: another shape, type or value.
    """
    _check(code, message, code.k, "messages")
    if message.dtype != np.uint8 or (message > 1).any():
        raise ParameterError(f"{code.name}: messages must be uint8 of 0 and 1, not {message.dtype}")


def check_received(code: Code, received: Values) -> None:
    """Nothing, when `received` is a batch of received words of the code.

    Raises:
        ParameterError: another shape, or values that are not finite.
    """
    _check(code, received, code.n, "received words")
    if received.dtype != np.float32:
        raise ParameterError(f"{code.name}: received words must be float32, not {received.dtype}; see values_of")
    if not np.isfinite(received).all():
        raise ParameterError(f"{code.name}: received words must be finite")


def _check(code: Code, array: NDArray[np.generic], width: int, what: str) -> None:
    if array.ndim != 2 or array.shape[1] != width:
        raise ParameterError(f"{code.name}: {what} must have shape (batch, {width}), not {array.shape}")
