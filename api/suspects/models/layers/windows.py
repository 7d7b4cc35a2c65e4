"""Windows over the last two axes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import ModelMalformed


def span(size: int, kernel: int, stride: int) -> int:
    """How many windows fit along an axis.

    Example:
        >>> span(8, 3, 2)
        3

    Raises:
        ModelMalformed: none.
    """
    if kernel > size:
        raise ModelMalformed(f"a window of {kernel} is wider than the {size} values that it moves over")
    return (size - kernel) // stride + 1


def windows(values: NDArray[Any], kernel: int, stride: int) -> NDArray[Any]:
    """A view (n, c, h', w', kernel, kernel) of (n, c, h, w)."""
    seen = np.lib.stride_tricks.sliding_window_view(values, (kernel, kernel), axis=(2, 3))
    return np.asarray(seen[:, :, ::stride, ::stride])
