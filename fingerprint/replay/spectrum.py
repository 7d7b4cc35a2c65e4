"""`cosine`: the power that answers have at the key's frequency, over the mean power elsewhere (Lomb and Scargle).

With CC = sum cos^2(w u), SS = sum sin^2(w u), CS = sum cos(w u) sin(w u), and YC, YS the products with the values:

    P(w) = (YC^2 SS + YS^2 CC - 2 YC YS CS) / (CC SS - CS^2)          twice the usual normalisation, which cancels

the least-squares fit of a sine wave written without Lomb's time shift (Zechmeister and Kuerster 2009, eq. 5).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WINDOW, COUNT, WIDEST = 0.005, 200, 10


def ratio(u: Floats, values: Floats, frequency: float) -> float:
    """SNR of values (n,) at u (n,): mean power within 0.005 of f over the mean on a grid up to ten times f; or 0.

    Example:
        >>> u = np.linspace(-3, 3, 500)
        >>> ratio(u, np.cos(4 * u), 4.0) > 5
        True
        >>> ratio(u, np.ones(500), 4.0)
        0.0
    """
    centred = values - values.mean()
    if not (centred * centred).sum() > 0:
        return 0.0
    first = WIDEST * frequency / COUNT
    steps = np.broadcast_to(np.exp(1j * first * u), (COUNT, u.size))  # the grid is even: its waves are powers of one
    away = np.abs(first * np.arange(1, COUNT + 1) - frequency) > WINDOW
    noise = _power(np.cumprod(steps, axis=0)[away], centred).mean()
    near = np.array([frequency - WINDOW, frequency, frequency + WINDOW])
    return float(power(u, centred, near).mean() / noise) if noise > 0 else 0.0


def power(u: Floats, values: Floats, frequencies: Floats) -> Floats:
    """P at each frequency, (m,), of values with mean zero."""
    return _power(np.exp(1j * np.outer(frequencies, u)), values)


def _power(wave: NDArray[np.complex128], values: Floats) -> Floats:
    """P of waves exp(i w u), (m, n)."""
    with_values, doubled = wave @ values, np.einsum("ij,ij->i", wave, wave)
    yc, ys = with_values.real, with_values.imag
    cc, ss, cs = (values.size + doubled.real) / 2, (values.size - doubled.real) / 2, doubled.imag / 2
    return np.asarray((yc * yc * ss + ys * ys * cc - 2 * yc * ys * cs) / (cc * ss - cs * cs))
