"""How a static quantity drifts with the environment: one formula for every kind of PUF.

    drift = theta_T d_T (T - 25)/100 + theta_V d_V (V - 1)/0.1 + theta_R d_R log10(ramp)

with d ~ N(0, 1) fixed per cell, oscillator or stage, and theta in units of the quantity's own spread.
"""

import math
from dataclasses import dataclass

import numpy as np

from fingerprint.errors import ParameterError
from fingerprint.puf.base import Reals
from fingerprint.puf.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Spread of the coefficients.

    Attributes:
        thermal: theta_T, per 100 K.
        supply: theta_V, per 10 % of the supply.
        ramp: theta_R, per decade of ramp time.
    """

    thermal: float
    supply: float
    ramp: float = 0.0

    def drift(self, coefficients: Reals, environment: Environment) -> Reals:
        """The drift of coefficients d_T, d_V, d_R stacked along the first axis: shape `coefficients.shape[1:]`."""
        e = environment
        weights = (self.thermal * e.heat, self.supply * (e.supply - 1) / 0.1, self.ramp * math.log10(e.ramp))
        total = np.zeros(coefficients.shape[1:], dtype=np.float32)
        for weight, coefficient in zip(weights, coefficients, strict=False):
            if weight:
                total += np.float32(weight) * coefficient
        return total


def check_spreads(**spreads: float) -> None:
    """Nothing, when every spread is a finite number of at least 0.

    Raises:
        ParameterError: one is not; the message names it.
    """
    for name, value in spreads.items():
        if not (math.isfinite(value) and value >= 0):
            raise ParameterError(f"{name} must be a finite number of at least 0, not {value}")
