"""Polar codes of any length: punctured, with a CRC inside, decoded by successive cancellation and, if need be, a list.

A message and its CRC go to the k + c most reliable inputs of the transform, the other inputs are 0. Of the N = 2^m
coded bits the first N - n are not sent: the decoder knows nothing of them (quasi-uniform puncturing, Niu et al. 2013).

Decoding tries plain successive cancellation first, and lists of 8, 64, ... paths only where the CRC of the answer does
not hold (adaptive lists, Li et al. 2012). So the code never fails more often than plain successive cancellation, for
which `failure_bound` is a proven bound, and a long list costs nothing where it is not needed.
"""

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from fingerprint.codes import crc, density, polar_list
from fingerprint.codes.base import Bits, Decoding, Values, check_messages, check_received, values_of
from fingerprint.codes.polar_transform import transform
from fingerprint.errors import ParameterError

_LONGER = 8  # factor by which the list grows from try to try
_CHUNK = 1 << 22  # log-likelihood ratios decoded at once: 16 MiB


def design(n: int, count: int, *, error: float, bins: int = 64) -> bytes:
    """The `count` most reliable of the N inputs for a bit error rate, packed, as `Polar` takes them.

    Floating point decides between nearly equal inputs, so codes in use keep their set as a constant
    (`fingerprint.codes.polar_sets`) instead of designing it again.

    Raises:
        ParameterError: more inputs than coded bits, or an error rate outside [0, 1/2].
    """
    if not 1 <= count <= n:
        raise ParameterError(f"{count} inputs do not fit {n} coded bits")
    free = np.zeros(_size(n), dtype=np.uint8)
    free[np.argsort(_bit_errors(n, error, bins), kind="stable")[:count]] = 1
    return np.packbits(free).tobytes()


def _size(n: int) -> int:
    return 1 << (n - 1).bit_length()


@lru_cache(maxsize=64)
def _bit_errors(n: int, error: float, bins: int) -> NDArray[np.float64]:
    silent = _size(n) - n
    runs = [(density.symmetric(0.5), silent), (density.symmetric(error), n)]
    errors = density.bit_errors(runs if silent else runs[1:], bins=bins)
    errors.setflags(write=False)
    return errors


@dataclass(frozen=True)
class Polar:
    """A polar code with n coded bits.

    Attributes:
        n: coded bits that are sent.
        information: packed set of the inputs that carry the message and its CRC, of N bits (see `design`).
        checks: c, bits of the CRC: 0, 8, 16 or 24.
        paths: length of the longest list, used where the CRC does not hold after shorter ones.
        error: bit error rate at which +-1 is turned into a log-likelihood ratio.

    Example:
        >>> code = Polar(n=64, information=design(64, 24, error=0.05), checks=8, paths=4, error=0.05)
        >>> code.k
        16

    Raises:
        ParameterError: sizes that do not fit.
    """

    n: int
    information: bytes
    checks: int
    paths: int
    error: float

    def __post_init__(self) -> None:
        if self.n < 2 or len(self.information) * 8 != max(8, self.size):
            raise ParameterError(f"a polar code of {self.n} bits needs a set of {self.size} inputs")
        if self.checks not in crc.POLYNOMIALS or not 0 < self.k <= self.n - self.checks:
            raise ParameterError(f"{self.k} message and {self.checks} check bits do not fit {self.n} coded bits")
        if not 0 < self.error < 0.5 or self.paths < 1:
            raise ParameterError(f"error must lie between 0 and 1/2, paths be positive: {self.error}, {self.paths}")

    @property
    def name(self) -> str:
        """Name with every parameter."""
        digest = hashlib.sha256(self.information).hexdigest()[:12]
        return f"polar({self.n},{self.k},crc{self.checks},list{self.paths},{self.error},{digest})"

    @property
    def size(self) -> int:
        """N, the power of two."""
        return _size(self.n)

    @property
    def k(self) -> int:
        """Message bits."""
        return int.from_bytes(self.information, "big").bit_count() - self.checks

    @property
    def t(self) -> int:
        """0: corrects almost all patterns of far more errors, and promises none."""
        return 0

    @cached_property
    def _free(self) -> NDArray[np.bool_]:
        return np.unpackbits(np.frombuffer(self.information, dtype=np.uint8), count=self.size).astype(np.bool_)

    def encode(self, message: Bits) -> Bits:
        """Codewords (batch, n) of messages (batch, k)."""
        check_messages(self, message)
        inputs = np.zeros((len(message), self.size), dtype=np.uint8)
        inputs[:, self._free] = np.concatenate([message, self._check(message)], axis=1)
        return transform(inputs)[:, self.size - self.n :]

    def decode(self, received: Values) -> Decoding:
        """Messages of received words (batch, n); accepted when the CRC holds (always, without a CRC)."""
        check_received(self, received)
        step = max(1, _CHUNK // (self.size * self.paths))
        parts = [self._decode(received[at : at + step]) for at in range(0, max(1, len(received)), step)]
        message = np.concatenate([message for message, _ in parts])
        return Decoding(values=values_of(message), ok=np.concatenate([ok for _, ok in parts]))

    def failure_bound(self, error: float, *, bins: int = 64) -> float:
        """Proven bound on the probability of a wrong or refused message at an independent bit error rate.

        The sum of the bit channels' error probabilities (union bound) after degrading density evolution, for plain
        successive cancellation that knows the error rate; at the design error rate that is this decoder's first try.
        """
        return min(1.0, float(_bit_errors(self.n, error, bins)[self._free].sum()))

    def light(self, count: int) -> Bits:
        """Light words of the code without its CRC, uint8 (at most count, n): the nearest false answers.

        A long list finds them around the zero word; they steer importance sampling (`fingerprint.codes.failure`).
        """
        silent = self.size - self.n
        llr = np.where(np.arange(self.size) < silent, np.float32(0), np.float32(4))[None].astype(np.float32)
        words = polar_list.decode(llr, self._free, paths=count + 1).bits[0, :, silent:]
        return words[words.any(axis=1)][:count]

    def _check(self, message: Bits) -> Bits:
        matrix = crc.matrix(self.k, self.checks).astype(np.float32)
        return (message.astype(np.float32) @ matrix % 2).astype(np.uint8)

    def _decode(self, received: Values) -> tuple[Bits, NDArray[np.bool_]]:
        llr = np.zeros((len(received), self.size), dtype=np.float32)
        llr[:, self.size - self.n :] = received * np.float32(math.log((1 - self.error) / self.error))
        message, ok = self._chosen(llr, 1)
        paths = 1
        while paths < self.paths and not ok.all():
            paths = min(paths * _LONGER, self.paths)
            again = np.flatnonzero(~ok)
            message[again], ok[again] = self._chosen(llr[again], paths)
        return message, ok

    def _chosen(self, llr: Values, paths: int) -> tuple[Bits, NDArray[np.bool_]]:
        """The best path whose CRC holds, else the best one."""
        words = polar_list.decode(llr, self._free, paths=paths).bits
        inputs = transform(words.reshape(-1, self.size))[:, self._free]
        message = inputs[:, : self.k]
        holds = (self._check(message) == inputs[:, self.k :]).all(axis=1).reshape(words.shape[:2])
        rows, best = np.arange(len(llr)), holds.argmax(axis=1)
        return message.reshape(*words.shape[:2], self.k)[rows, best], holds[rows, best]
