"""Probes in the shape and type that a model takes, some at a time."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import ModelUnfit


def fitted(probes: NDArray[Any], shape: Sequence[int | None]) -> NDArray[Any]:
    """Probes (n, ...) with the axes after the first as the model declares them; None is any size.

    A probe of as many values in another shape is read in row-major order, for example (64,) as (1, 8, 8).

    Example:
        >>> fitted(np.zeros((5, 64)), (1, 8, 8)).shape, fitted(np.zeros((5, 3, 4)), (None, 4)).shape
        ((5, 1, 8, 8), (5, 3, 4))

    Raises:
        ModelUnfit: another number of values.
    """
    given = probes.shape[1:]
    if len(given) == len(shape) and all(want in (None, have) for want, have in zip(shape, given, strict=True)):
        return probes
    open_axes = [size for size in shape if size is None]
    known = math.prod(size for size in shape if size is not None)
    count = math.prod(given)
    if len(open_axes) > 1 or known == 0 or count % known or (not open_axes and count != known):
        shown = tuple("any" if size is None else size for size in shape)
        raise ModelUnfit(
            f"the model takes inputs of shape {shown}, and a probe has shape {given}; is it this release's?"
        )
    filled = [count // known if size is None else size for size in shape]
    return probes.reshape(len(probes), *filled)


def batched(
    probes: NDArray[Any], ask: Callable[[NDArray[Any]], NDArray[Any]], *, size: int, exact: bool = False
) -> NDArray[Any]:
    """The answers to all probes, `size` at a time; with `exact`, the last batch is filled up and cut again.

    Raises:
        ModelUnfit: not one answer for each probe, or answers of changing width.
    """
    parts = []
    for start in range(0, len(probes), size):
        batch = probes[start : start + size]
        missing = size - len(batch) if exact else 0
        asked = np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)]) if missing else batch
        answers = np.asarray(ask(asked))
        if answers.ndim < 1 or len(answers) != len(asked):
            raise ModelUnfit(
                f"the model gives answers of shape {answers.shape} to {len(asked)} probes; choose an output"
            )
        parts.append(answers[: len(batch)])
    if len({part.shape[1:] for part in parts}) != 1:
        raise ModelUnfit("the model's answers change their width from one batch to the next")
    return np.concatenate(parts)
