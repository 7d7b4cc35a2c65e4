"""Delay chains in the additive model, the building block of arbiter PUFs.

    Delta(c) = w . phi(c) + sigma z,   z ~ N(0, 1) new in every read

From the stages' own delays, alpha_i and beta_i ~ N(0, 1/2) (half differences and half sums of the straight and crossed
paths): w_0 = alpha_0, w_i = alpha_i + beta_{i-1}, w_n = beta_{n-1} (Lim et al. 2005; Ruehrmair et al. 2010). The noise
is sigma = noise sqrt(n), noise over the spread of Delta: two reads of one chain agree with probability
1 - arccos(1 / (1 + noise^2)) / pi.
"""

import math
from dataclasses import dataclass

import numpy as np

from fingerprint import seeds
from fingerprint.puf.base import Bits, Reals, check_count
from fingerprint.puf.drift import Sensitivity, check_spreads
from fingerprint.puf.environment import NOMINAL, Environment
from fingerprint.puf.linear import evaluate
from fingerprint.puf.process import normals


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayParameters:
    """Parameters of a delay chain.

    Attributes:
        noise: noise of a read over the spread of its delay difference; 0.05 is a reliability of 97.7 %.
        thermal: spread of the stages' temperature coefficients per 100 K, in units of their delays.
        supply: spread of their supply coefficients per 10 %.

    Raises:
        ParameterError: a negative or non-finite value.
    """

    noise: float = 0.05
    thermal: float = 0.1
    supply: float = 0.05

    def __post_init__(self) -> None:
        check_spreads(noise=self.noise, thermal=self.thermal, supply=self.supply)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chains:
    """k delay chains of n stages in one chip or a batch of chips; arrays are float32.

    Attributes:
        parameters: the model.
        alpha: (*shape, k, n).
        beta: (*shape, k, n).
        coefficients: temperature and supply coefficients of alpha and beta, (2, 2, *shape, k, n).
    """

    parameters: DelayParameters
    alpha: Reals
    beta: Reals
    coefficients: Reals

    @classmethod
    def manufacture(
        cls,
        *words: seeds.Word,
        stages: int,
        chains: int,
        devices: int | None = None,
        parameters: DelayParameters | None = None,
    ) -> "Chains":
        """Chains drawn from seed words.

        Raises:
            ParameterError: no word was given, or a count is not positive.
        """
        check_count("stages", stages)
        check_count("chains", chains)
        shape: tuple[int, ...] = (chains, stages)
        if devices is not None:
            check_count("devices", devices)
            shape = (devices, *shape)
        alpha, beta = normals("arbiter", "delays", *words, shape=(2, *shape)) * np.float32(math.sqrt(0.5))
        coefficients = normals("arbiter", "coefficients", *words, shape=(2, 2, *shape)) * np.float32(math.sqrt(0.5))
        return cls(parameters=parameters or DelayParameters(), alpha=alpha, beta=beta, coefficients=coefficients)

    def weights(self, environment: Environment = NOMINAL, *, upto: int | None = None) -> Reals:
        """w of the first `upto` stages (None: all of them), (*shape, k, upto + 1)."""
        sensitivity = Sensitivity(thermal=self.parameters.thermal, supply=self.parameters.supply)
        alpha = (self.alpha + sensitivity.drift(self.coefficients[:, 0], environment))[..., :upto]
        beta = (self.beta + sensitivity.drift(self.coefficients[:, 1], environment))[..., :upto]
        weights = np.zeros((*alpha.shape[:-1], alpha.shape[-1] + 1), dtype=np.float32)
        weights[..., :-1] = alpha
        weights[..., 1:] += beta
        return weights

    def delays(
        self, challenges: Bits, noise: np.random.Generator | None, environment: Environment, *, upto: int | None = None
    ) -> Reals:
        """Delay differences after `upto` stages, (count, *shape, k)."""
        weights = self.weights(environment, upto=upto)
        flat = evaluate(weights.reshape(-1, weights.shape[-1]), challenges)
        if noise is not None and self.parameters.noise:
            sigma = self.parameters.noise * math.sqrt((weights.shape[-1] - 1) * environment.kelvin / NOMINAL.kelvin)
            flat += np.float32(sigma) * noise.standard_normal(flat.shape, dtype=np.float32)
        return flat.reshape(len(challenges), *weights.shape[:-1])


def xor_of(delays: Reals) -> Bits:
    """The XOR of the signs along the last axis, devices first: (count, *shape, k) to (*shape, count)."""
    bits = (delays > 0).view(np.uint8)
    total = bits[..., 0].copy()
    for chain in range(1, bits.shape[-1]):
        total ^= bits[..., chain]
    return np.ascontiguousarray(np.moveaxis(total, 0, -1))
