"""Carriers: the directions in which a signature is written and read.

Teacher T has C outputs, logits z(x) in R^C and penultimate features f(x) in R^F.

    h(x) = (f(x) - mu) U_k diag(lambda_k)^(-1/2)       whitened features, R^k
    B in R^{C x (C-1)}                                 orthonormal zero-sum columns: the common mode is left alone
    R in O(L),  L = (C-1) k                            keyed rotation, from the release key, never from a device key
    M_d = B reshape(R c_d, C-1, k)                     signature of device d, R^{C x k}
    s_d(x) = M_d h(x) / sqrt(k)                        about unit rms

B is the discrete cosine basis without its constant column, and R three rounds of (keyed signs, keyed permutation,
orthonormal cosine transform): both are exact, need no stored matrix and cost O(L log L), so that a thousand classes by
five hundred components (half a million carriers) are as easy as ten by thirty. A dense Haar rotation needs L^2 numbers.
The false-accusation bound asks nothing of R: it holds for every fixed orthogonal map (see `fingerprint.statistics`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dct, idct

from fingerprint import seeds
from fingerprint.errors import ParameterError

Floats = NDArray[np.float64]
_ROUNDS = 3


def to_class_basis(logits: ArrayLike) -> Floats:
    """B^T z along the last axis: (..., C) -> (..., C-1). The common mode falls away.

    Example:
        >>> bool(np.allclose(to_class_basis([5.0, 5.0, 5.0]), 0))
        True
    """
    out: Floats = dct(np.asarray(logits, dtype=np.float64), type=2, norm="ortho", axis=-1)
    return out[..., 1:]


def from_class_basis(coordinates: ArrayLike) -> Floats:
    """B u along the last axis: (..., C-1) -> (..., C), rows summing to zero. Inverse of `to_class_basis` on that space.

    Example:
        >>> u = np.array([1.0, -2.0, 0.5])
        >>> bool(np.allclose(to_class_basis(from_class_basis(u)), u))
        True
    """
    u = np.asarray(coordinates, dtype=np.float64)
    padded = np.concatenate([np.zeros((*u.shape[:-1], 1)), u], axis=-1)
    out: Floats = idct(padded, type=2, norm="ortho", axis=-1)
    return out


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Keyed rotation R in O(L) by structured orthogonal factors.

    Law: `inverse(forward(x)) == x` and |forward(x)| = |x|, up to rounding.

    Attributes:
        key: release key, at least 16 bytes.
        length: L.

    Example:
        >>> r = Rotation(key=b"k" * 32, length=5)
        >>> bool(np.allclose(r.inverse(r.forward(np.arange(5.0))), np.arange(5.0)))
        True
    """

    key: bytes
    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ParameterError(f"a rotation needs a positive length, not {self.length}")

    @cached_property
    def _factors(self) -> tuple[tuple[NDArray[np.int8], NDArray[np.intp]], ...]:
        return tuple(self._factor(round_) for round_ in range(_ROUNDS))

    def _factor(self, round_: int) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
        signs = seeds.signs(self.key, "carriers/rotation/signs", round_, count=self.length)
        raw = seeds.xof(self.key, "carriers/rotation/order", round_, length=8 * self.length)
        return signs, np.argsort(np.frombuffer(raw, dtype=">u8"), kind="stable")

    def forward(self, vector: ArrayLike) -> Floats:
        """R v along the last axis, shape (..., L)."""
        v = np.asarray(vector, dtype=np.float64)
        for signs, order in self._factors:
            v = dct((v * signs)[..., order], type=2, norm="ortho", axis=-1)
        return v

    def inverse(self, vector: ArrayLike) -> Floats:
        """R^T v along the last axis, shape (..., L)."""
        v = np.asarray(vector, dtype=np.float64)
        for signs, order in reversed(self._factors):
            v = idct(v, type=2, norm="ortho", axis=-1)
            v = v[..., np.argsort(order)] * signs
        return v


def signature_matrix(codeword: ArrayLike, *, rotation: Rotation, classes: int) -> Floats:
    """M_d = B reshape(R c_d, C-1, k), float64 (C, k).

    Args:
        codeword: c_d in {-1, +1}^L.
        rotation: R of the release.
        classes: C; L must be a multiple of C-1.

    Raises:
        ParameterError: the codeword is not L signs, or L is no multiple of C-1.

    Example:
        >>> r = Rotation(key=b"k" * 32, length=6)
        >>> m = signature_matrix([1, -1, 1, 1, -1, 1], rotation=r, classes=4)
        >>> m.shape, bool(np.allclose(m.sum(axis=0), 0))
        ((4, 2), True)
    """
    c = np.asarray(codeword)
    if c.shape != (rotation.length,) or not np.isin(c, (-1, 1)).all():
        raise ParameterError(f"a codeword of this release is {rotation.length} values of -1 or +1, not shape {c.shape}")
    if classes < 2 or rotation.length % (classes - 1):
        raise ParameterError(f"{rotation.length} carriers do not divide into {classes - 1} class directions")
    blocks = rotation.forward(c).reshape(classes - 1, -1)
    return from_class_basis(blocks.T).T
