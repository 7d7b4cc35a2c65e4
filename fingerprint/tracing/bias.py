"""Biased codewords (Tardos 2003): position i of every codeword is +1 with a probability p_i of its own.

    p_i = sin^2 r_i,   r_i uniform on [t', pi/2 - t'],   sin^2 t' = cut-off            (arcsine density)

drawn from the release key, so that they are committed with the release, and rounded to multiples of 2^-16. A codeword
takes sixteen bits of its XOF for each position: P(c_i = +1) = P_i / 65536 exactly, with no rounding left to bound.
`uniform` is p_i = 1/2 everywhere: the codewords of `fingerprint.codeword`.

Given the p_i, the positions of a codeword are independent and codewords of different copies are independent: that is
all that the false-accusation theorem asks for (`fingerprint.tracing.tail`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical, seeds
from fingerprint.codeword import NONCE_BYTES
from fingerprint.errors import ParameterError

RESOLUTION = 1 << 16
TARDOS_CUTOFF = 300  # cut-off 1 / (300 c) for coalitions of c (Tardos, Optimal probabilistic fingerprint codes, 2003)


@dataclass(frozen=True, kw_only=True)
class Bias:
    """The probabilities p_i of a release.

    Attributes:
        counts: P_i = 65536 p_i, int64 (L,), each between 1 and 65535.

    Raises:
        ParameterError: not a vector, or a probability of nought or one.
    """

    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.counts.ndim != 1 or not self.counts.size:
            raise ParameterError(f"a bias is one count for each position, not shape {self.counts.shape}")
        if self.counts.min() < 1 or self.counts.max() >= RESOLUTION:
            raise ParameterError("a position that is always the same tells nobody apart; keep 1 <= 65536 p <= 65535")
        self.counts.setflags(write=False)

    @property
    def length(self) -> int:
        """L."""
        return int(self.counts.size)

    @property
    def plus(self) -> NDArray[np.float64]:
        """p_i = P(c_i = +1), float64 (L,)."""
        return np.asarray(self.counts / RESOLUTION)

    @property
    def mean(self) -> NDArray[np.float64]:
        """E c_i = 2 p_i - 1, float64 (L,)."""
        return np.asarray(2 * self.plus - 1)

    @property
    def variance(self) -> NDArray[np.float64]:
        """Var c_i = 4 p_i (1 - p_i), float64 (L,)."""
        return np.asarray(4 * self.plus * (1 - self.plus))

    @property
    def digest(self) -> str:
        """Digest of the counts: what a commitment states."""
        return canonical.digest(b"countermark/bias/v1" + self.counts.astype("<u2").tobytes())

    def derive(self, key: bytes, *, release: str, nonce: bytes) -> NDArray[np.int8]:
        """The codeword of one copy, int8 (L,): c_i = +1 when the i-th sixteen bits are below P_i.

        Args:
            key: the device's codeword key (`fingerprint.codeword.codeword_key`).
            release: release id.
            nonce: 32 bytes drawn by the registrar after the release was committed.

        Raises:
            ParameterError: a nonce that is not 32 bytes, an empty release id, or a key that is too short.

        Example:
            >>> sorted(set(uniform(64).derive(b"k" * 32, release="sha256:00", nonce=bytes(32)).tolist()))
            [-1, 1]
        """
        if len(nonce) != NONCE_BYTES or not release:
            raise ParameterError(f"a codeword needs a release id and a nonce of {NONCE_BYTES} bytes, not {len(nonce)}")
        raw = seeds.xof(key, "countermark/codeword/biased/v1", release, nonce, length=2 * self.length)
        return np.where(np.frombuffer(raw, dtype="<u2") < self.counts, 1, -1).astype(np.int8)

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.int8]:
        """`count` fresh codewords for simulation, int8 (count, L)."""
        raw = generator.integers(RESOLUTION, size=(count, self.length), dtype=np.uint16)
        return np.where(raw < self.counts.astype(np.uint16), 1, -1).astype(np.int8)


def uniform(length: int) -> Bias:
    """p_i = 1/2 for every position.

    Example:
        >>> uniform(3).plus.tolist()
        [0.5, 0.5, 0.5]

    Raises:
        ParameterError: a length that is not positive.
    """
    if length < 1:
        raise ParameterError(f"a codeword needs at least one position, not {length}")
    return Bias(counts=np.full(length, RESOLUTION // 2, dtype=np.int64))


def arcsine(release_key: bytes, length: int, *, coalition: int, cutoff: float | None = None) -> Bias:
    """Tardos' bias vector of a release.

    Args:
        release_key: 32 secret bytes, the same that carriers are drawn from.
        length: L.
        coalition: c, the size of coalition to resist, 1 or more.
        cutoff: smallest p, 1 / (300 c) when not given.

    Raises:
        ParameterError: a length or coalition that is not positive, or a cut-off outside 2^-16..1/2.

    Example:
        >>> p = arcsine(b"k" * 32, 1000, coalition=5).plus
        >>> bool(((p < 0.2) | (p > 0.8)).mean() > 0.5)
        True
    """
    smallest = 1 / (TARDOS_CUTOFF * max(coalition, 1)) if cutoff is None else cutoff
    if length < 1 or coalition < 1 or not 1 / RESOLUTION <= smallest <= 0.5:
        raise ParameterError(f"length {length}, coalition {coalition} and cut-off {smallest} must fit the formula")
    raw = np.frombuffer(seeds.xof(release_key, "countermark/bias/v1", length=8 * length), dtype=">u8")
    edge = np.arcsin(np.sqrt(smallest))
    angle = edge + (np.pi / 2 - 2 * edge) * ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53)
    counts = np.rint(RESOLUTION * np.sin(angle) ** 2).astype(np.int64)
    return Bias(counts=np.clip(counts, 1, RESOLUTION - 1))
