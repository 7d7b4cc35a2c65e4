"""The orthonormal cosine transform (DCT-II) and its inverse by one FFT of the same length (Makhoul 1980).

X_k = s_k sum_n x_n cos(pi (2n + 1) k / (2N)),    s_0 = sqrt(1/N), s_k = sqrt(2/N)
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def forward(values: Floats) -> Floats:
    """X along the last axis, same shape.

    Example:
        >>> forward(np.ones(4)).round(6).tolist()
        [2.0, 0.0, 0.0, 0.0]
    """
    size = values.shape[-1]
    folded = np.concatenate([values[..., ::2], values[..., 1::2][..., ::-1]], axis=-1)
    turned = np.fft.fft(folded, axis=-1) * _turns(size)
    return np.asarray(turned.real * _scales(size))


def inverse(values: Floats) -> Floats:
    """x along the last axis. Law: `inverse(forward(x)) == x`, up to rounding."""
    size = values.shape[-1]
    scaled = values / _scales(size)
    mirrored = np.concatenate([np.zeros((*values.shape[:-1], 1)), scaled[..., :0:-1]], axis=-1)
    folded = np.fft.ifft((scaled - 1j * mirrored) * _turns(size).conj(), axis=-1).real
    found = np.empty_like(folded)
    half = (size + 1) // 2
    found[..., ::2], found[..., 1::2] = folded[..., :half], folded[..., half:][..., ::-1]
    return np.asarray(found)


def _turns(size: int) -> NDArray[np.complex128]:
    return np.asarray(np.exp(-1j * np.pi * np.arange(size) / (2 * size)))


def _scales(size: int) -> Floats:
    scales = np.full(size, np.sqrt(2 / size))
    scales[0] = np.sqrt(1 / size)
    return scales
