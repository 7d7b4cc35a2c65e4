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
        low: lower end of the 95 % interval over devices.
        high: upper end of it.
    """

    value: float
    low: float
    high: float


def bootstrap(
    statistic: Callable[[Weights], Weights], *, devices: int, generator: np.random.Generator, resamples: int = RESAMPLES
) -> Estimate:
    """The statistic of all devices, with an interval whose width is the bootstrap's (Efron 1979).

    The 2.5 % and 97.5 % quantiles are taken about the resamples' own mean and laid about the estimate: resamples hold
    fewer different devices than the population, which shifts statistics like the min-entropy. Clipped to [0, 1], where
    all shares and entropies per bit lie.

    Args:
        statistic: from weights (resamples, devices), whole numbers that sum to the number of devices in every row, to
            values (resamples,).
        devices: how many.
        generator: draws the resamples.
        resamples: how many.

    Example:
        >>> shares = np.array([0.4, 0.5, 0.6])
        >>> found = bootstrap(lambda w: w @ shares / 3, devices=3, generator=np.random.default_rng(1))
        >>> found.low <= found.value == 0.5 <= found.high
        True
    """
    value = float(statistic(np.ones((1, devices)))[0])
    counts = generator.multinomial(devices, np.full(devices, 1 / devices), size=resamples).astype(np.float64)
    parts = [statistic(counts[at : at + _AT_ONCE]) for at in range(0, resamples, _AT_ONCE)]
    values = np.concatenate(parts)
    low, high = np.clip(value + np.nanquantile(values, (0.025, 0.975)) - np.nanmean(values), 0, 1)
    return Estimate(value=value, low=float(low), high=float(high))
