"""What each scheme's evidence says of codewords: scores, and p-values that hold for fixed evidence.

subspace   t = <c, y> / |y|                 p = min(exp(-t^2/2), Q(t) / (4 Q(sqrt 2)))        Sidak: 1 - (1 - p)^N
static     agreements of C - 1 folded bits  p = sum_{j >= a} binom(m, j) 2^-m                 Sidak
cosine     SNR at the codeword's key        p = (1 + #{fresh keys with as large a SNR}) / (M + 1)   union bound: N p
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.replay import bounds, spectrum
from fingerprint.replay.evidence import Gathered

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]
UNREACHABLE = sys.float_info.max
"""The threshold where no score names anybody: the alpha is too small for the scheme's smallest p-value."""
_NEAR = 1e-6  # ratios that differ by less, relatively, may stand in either order in another program


class Scorer(Protocol):
    """One scheme's scores against one evidence."""

    def score(self, codewords: Signs) -> Floats:
        """Score of every row of (N, L) codewords."""
        ...

    def p_values(self, score: float) -> tuple[float, float]:
        """The p-value of a score, as the smallest and the largest that rounding of the score can make of it."""
        ...

    def family_wise(self, p_value: float, tests: int) -> float:
        """The same for any of N devices."""
        ...

    def threshold(self, tests: int) -> float:
        """The smallest score that names a device among N; `UNREACHABLE` where none does."""
        ...

    def most_devices(self, p_value: float) -> float:
        """The largest N among which a device of this p-value would still be named."""
        ...


def scorer(gathered: Gathered) -> Scorer:
    """The scores against this evidence."""
    return _OF_SCHEME[gathered.release.scheme](gathered)


@dataclass(frozen=True)
class Subspace:
    """Correlation with y."""

    gathered: Gathered

    def score(self, codewords: Signs) -> Floats:
        """t; zero evidence scores zero."""
        values = self.gathered.values
        _require_length(codewords, values.size)
        size = float(np.sqrt(values @ values))
        return np.asarray(codewords @ values / size if size > 0 else np.zeros(len(codewords)))

    def p_values(self, score: float) -> tuple[float, float]:
        """The tail bound."""
        p = bounds.tail_bound(score)
        return p, p

    def family_wise(self, p_value: float, tests: int) -> float:
        """Sidak."""
        return bounds.family_wise(p_value, tests)

    def threshold(self, tests: int) -> float:
        """By bisection."""
        return bounds.threshold(self.gathered.release.alpha, tests)

    def most_devices(self, p_value: float) -> float:
        """Sidak undone."""
        return bounds.most_devices(p_value, self.gathered.release.alpha)


@dataclass(frozen=True)
class Static:
    """Agreement of decoded bits."""

    gathered: Gathered

    def score(self, codewords: Signs) -> Floats:
        """Number of the m folded bits that agree with the decoded ones; zero decodes to +1."""
        _require_length(codewords, self.gathered.release.bits)
        m = self.gathered.values.size
        decoded = np.where(self.gathered.values < 0, -1, 1)
        negative = np.zeros((len(codewords), m), dtype=np.int64)
        for place, column in enumerate((codewords < 0).T):
            negative[:, place % m] += column
        return np.asarray((np.where(negative % 2 == 1, -1, 1) == decoded).sum(axis=1), dtype=np.float64)

    def p_values(self, score: float) -> tuple[float, float]:
        """The binomial tail."""
        p = bounds.coin_tail(self.gathered.values.size, score)
        return p, p

    def family_wise(self, p_value: float, tests: int) -> float:
        """Sidak."""
        return bounds.family_wise(p_value, tests)

    def threshold(self, tests: int) -> float:
        """The fewest agreements that suffice."""
        m = self.gathered.values.size
        tails = ((a, self.family_wise(bounds.coin_tail(m, a), tests)) for a in range(m + 1))
        return next((float(a) for a, family in tails if family <= self.gathered.release.alpha), UNREACHABLE)

    def most_devices(self, p_value: float) -> float:
        """Sidak undone."""
        return bounds.most_devices(p_value, self.gathered.release.alpha)


@dataclass(frozen=True)
class Cosine:
    """Signal-to-noise ratio at keys."""

    gathered: Gathered

    def score(self, codewords: Signs) -> Floats:
        """SNR of the answers to the probes that the reference is surest of, along each codeword's key."""
        _require_length(codewords, self.gathered.release.bits)
        return np.array([self._ratio(word) for word in codewords])

    def _ratio(self, word: Signs) -> float:
        classes, width = self.gathered.values.shape[2], self._inputs.shape[1]
        seed = np.packbits(word > 0, bitorder="little").tobytes().ljust(16, b"\0")
        raw = seeds.xof(seed, "schemes/cosine/key", length=8 + 2 * width)
        target = int.from_bytes(raw[:8], "big") % classes
        direction = np.frombuffer(raw[8:], dtype=">u2") - 32767.5
        rows = self._sure[:, target]
        u = self._inputs[rows] @ (direction / np.sqrt(direction @ direction)) / float(self._settings["scale"])
        return spectrum.ratio(u, self.gathered.values[0, rows, target], float(self._settings["frequency"]))

    @property
    def _settings(self) -> dict[str, float]:
        return dict(self.gathered.release.settings)

    @cached_property
    def _inputs(self) -> Floats:
        probes = self.gathered.release.probes
        return probes.reshape(len(probes), -1).astype(np.float64)

    @cached_property
    def _sure(self) -> NDArray[np.intp]:
        _, reference = self.gathered.values
        most = max(2, min(500, len(reference) // reference.shape[1]))
        return np.asarray(np.argsort(-reference, axis=0, kind="stable")[:most])

    @cached_property
    def _fresh(self) -> Floats:
        """SNR of M fresh keys, falling."""
        trials, bits = int(self._settings["trials"]), self.gathered.release.bits
        seed = f"{self.gathered.release.release_id}\n{self.gathered.observation}".encode().ljust(16)
        drawn = seeds.signs(seed, "schemes/cosine/fresh", count=trials * bits).reshape(trials, bits)
        return np.asarray(-np.sort(-self.score(drawn)))

    def p_values(self, score: float) -> tuple[float, float]:
        """The share of fresh keys with as large a ratio, itself counted; ratios next to the score on either side."""
        slack = _NEAR * max(1.0, abs(score))
        surely, at_most = ((self._fresh >= score + each).sum() for each in (slack, -slack))
        return (1 + int(surely)) / (len(self._fresh) + 1), (1 + int(at_most)) / (len(self._fresh) + 1)

    def family_wise(self, p_value: float, tests: int) -> float:
        """The union bound: all devices share the fresh keys."""
        return min(1.0, tests * p_value)

    def threshold(self, tests: int) -> float:
        """The largest ratio of a fresh key, where one more in M + 1 suffices."""
        can = tests / (len(self._fresh) + 1) <= self.gathered.release.alpha
        return float(self._fresh[0]) if can else UNREACHABLE

    def most_devices(self, p_value: float) -> float:
        """alpha / p."""
        return math.floor(self.gathered.release.alpha / p_value)


def _require_length(codewords: Signs, bits: int) -> None:
    if codewords.shape[1:] != (bits,):
        raise ParameterError(f"codewords of shape {codewords.shape} against evidence of codewords of {bits} bits")


_OF_SCHEME: dict[str, Callable[[Gathered], Scorer]] = {"subspace": Subspace, "static": Static, "cosine": Cosine}
