"""Intervals by resampling devices: every statistic is written as a function of how often each device is counted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]

RESAMPLES = 500
_AT_ONCE = 50  # resamples evaluated together


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: the estimate from all devices.
        low: 2.5 % quantile of the bootstrap over devices.
        high: 97.5 % quantile of it.
    """

    value: float
    low: float
    high: float


def bootstrap(
    statistic: Callable[[Weights], Weights], *, devices: int, generator: np.random.Generator, resamples: int = RESAMPLES
) -> Estimate:
    """The statistic of all devices, with a percentile interval (Efron 1979).

    Args:
        statistic: from weights (resamples, devices), whole numbers that sum to the number of devices in every row, to
            values (resamples,).
        devices: how many.
        generator: draws the resamples.
        resamples: how many.

    Example:
        >>> heights = np.array([1.0, 2.0, 3.0])
        >>> found = bootstrap(lambda w: w @ heights / 3, devices=3, generator=np.random.default_rng(1))
        >>> found.low <= found.value == 2.0 <= found.high
        True
    """
    value = float(statistic(np.ones((1, devices)))[0])
    counts = generator.multinomial(devices, np.full(devices, 1 / devices), size=resamples).astype(np.float64)
    parts = [statistic(counts[at : at + _AT_ONCE]) for at in range(0, resamples, _AT_ONCE)]
    low, high = np.nanquantile(np.concatenate(parts), (0.025, 0.975))
    return Estimate(value=value, low=float(low), high=float(high))
