"""The score as a function of strength and probes, interpolated so that more of either never predicts less."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RegularGridInterpolator

from distill.errors import ShapeError

Floats = NDArray[np.float64]


def monotone(values: ArrayLike) -> Floats:
    """The midpoint of the two non-decreasing envelopes along every axis; non-decreasing values stay as they are.

    The upper envelope is the running maximum from the start, the lower one the running minimum from the end. Both do
    not decrease, so neither does their mean.

    Example:
        >>> monotone([1.0, 3.0, 2.0, 4.0]).tolist()
        [1.0, 2.5, 2.5, 4.0]
    """
    upper = lower = np.asarray(values, dtype=np.float64)
    for axis in range(upper.ndim):
        upper = np.maximum.accumulate(upper, axis=axis)
        lower = np.flip(np.minimum.accumulate(np.flip(lower, axis), axis=axis), axis)
    return np.asarray((upper + lower) / 2)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """t(eps, n) at one k: linear in log eps and log n between measured points, constant beyond them.

    Attributes:
        strengths: eps, increasing, (E,).
        probes: n, increasing, (P,).
        values: mean scores, (E, P), non-decreasing along both axes.
    """

    strengths: Floats
    probes: Floats
    values: Floats

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.strengths), len(self.probes)):
            raise ShapeError(f"values {self.values.shape}; need ({len(self.strengths)}, {len(self.probes)})")
        if any((np.diff(self.values, axis=axis) < 0).any() for axis in (0, 1)):
            raise ShapeError("the values decrease along an axis; pass them through `monotone`")

    def at(self, strength: ArrayLike, probes: ArrayLike) -> Floats:
        """t, of the shape to which both broadcast.

        Example:
            >>> s = Surface(strengths=np.array([0.1, 0.4]), probes=np.array([100.0, 200.0]),
            ...             values=np.array([[2.0, 3.0], [4.0, 5.0]]))
            >>> round(float(s.at(0.2, 200)), 6), float(s.at(9.0, 1))
            (4.0, 4.0)
        """
        eps = np.clip(strength, self.strengths[0], self.strengths[-1])
        n = np.clip(probes, self.probes[0], self.probes[-1])
        grid = (np.log(self.strengths), np.log(self.probes))
        places = np.stack(np.broadcast_arrays(np.log(eps), np.log(n)), axis=-1)
        inside = np.clip(places, [axis[0] for axis in grid], [axis[-1] for axis in grid])  # logarithms round
        found = RegularGridInterpolator(grid, self.values)(inside)
        return np.asarray(found).reshape(places.shape[:-1])
