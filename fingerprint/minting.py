"""Head changes of many devices at once, the same bits on every machine and in every batch.

    Delta_d = M_d G,   G = eps sigma_z A^T / sqrt(k),   M_d = B reshape(R c_d, C-1, k)

A matrix product is summed in an order that depends on library, processor and batch size, so its last bits do too, and
one weight in 10^9 would be rounded to another float32. Here M_d is rounded to multiples of 2^-m and G to multiples of
2^-q, so small that m + q binary places hold every partial sum of M_d G exactly:

    |partial sum| <= |row of M_d| |column of G| <= sqrt(L) max_j |G_j| < 2^(53 - m - q)            (Cauchy-Schwarz)

Every order of summation then gives the same float64. With m and q above 20 the rounding is below that of float32.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint import schemes
from fingerprint.carriers import Rotation, from_class_basis
from fingerprint.errors import ParameterError
from fingerprint.kit import SigningKit

Floats = NDArray[np.float64]
_DIGITS = 53  # of a float64


@dataclass(frozen=True, kw_only=True)
class HeadChanges:
    """Codewords -> changes of the last layer, for one release. Build it with `head_changes`.

    Attributes:
        rotation: R of the release.
        classes: C.
        gain: G on its lattice, float64 (k, F' + 1), the last column for the bias.
        places: m, binary places of M_d.
    """

    rotation: Rotation
    classes: int
    gain: Floats
    places: int

    def __call__(self, codewords: ArrayLike) -> Floats:
        """Delta, float64 (N, C, F' + 1), for codewords (N, L); the last column is the bias'.

        Raises:
            ParameterError: not codewords of this release.
        """
        c = np.asarray(codewords)
        if c.ndim != 2 or c.shape[1] != self.rotation.length or not ((c == 1) | (c == -1)).all():
            raise ParameterError(f"codewords of shape {c.shape}; need rows of {self.rotation.length} values -1 or +1")
        blocks = self.rotation.forward(c).reshape(len(c), self.classes - 1, -1)
        matrices = np.moveaxis(from_class_basis(np.moveaxis(blocks, 1, 2)), 2, 1)
        scale = 2.0**self.places
        rounded = np.rint(matrices * scale) / scale
        out = rounded.reshape(len(c) * self.classes, -1) @ self.gain
        return np.asarray(out.reshape(len(c), self.classes, -1))


def head_changes(kit: SigningKit) -> HeadChanges:
    """The map of one release.

    Raises:
        ParameterError: a release that cannot mint, or whose scheme is not linear in the codeword.
    """
    if kit.minting is None or kit.scheme != schemes.DEFAULT:
        raise ParameterError(f"a release of scheme {kit.scheme!r} without a minting base; distil its copies")
    gain = kit.strength * kit.sigma / np.sqrt(kit.whitening.components) * kit.minting.T
    largest = float(np.linalg.norm(gain, axis=0).max())
    # M_d is about one everywhere, G of any size; one place to spare each, for both may have grown by half a step
    above = int(np.ceil(np.log2(kit.bits) / 2)) + 1
    of_gain = int(np.ceil(np.log2(max(largest, 1e-300)))) + 1
    places = (_DIGITS - above) // 2
    scale = 2.0 ** (_DIGITS - above - places - of_gain)
    return HeadChanges(rotation=kit.rotation, classes=kit.classes, gain=np.rint(gain * scale) / scale, places=places)


def head_change(kit: SigningKit, codeword: ArrayLike) -> Floats:
    """Change of weight and bias of the last layer for one device, float64 (C, F' + 1), the last column for the bias.

    Every way of minting (a module in memory, a file, a stream of files) adds this one, so that they give equal bits.

    Raises:
        ParameterError: the release cannot mint, or another release's codeword.
    """
    if kit.scheme != schemes.DEFAULT or kit.minting is None:
        return np.column_stack(kit.head_delta(codeword))
    return np.asarray(head_changes(kit)(np.asarray(codeword)[None])[0])
