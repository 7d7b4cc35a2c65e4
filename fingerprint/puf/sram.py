"""SRAM start-up PUF: the hidden-variable cell model, with temperature, supply, ramp time and ageing.

    read = [ m' + lambda' z > 0 ],   m ~ N(mu, 1) fixed per cell,   z ~ N(0, 1) new in every read
    m'      = m + theta_T d_T (T - 25)/100 + theta_V d_V (V - 1)/0.1 + theta_R d_R log10(ramp) - a(t) sign(m)
    a(t)    = A exp(d_A / 2 - 1/8) (t / 2 years)^(1/6)
    lambda' = lambda sqrt(T_K / 298.15 K)

with d_T, d_V, d_R, d_A ~ N(0, 1) fixed per cell. One noise-to-mismatch ratio lambda with per-cell mismatch reproduces
measured one-probabilities almost perfectly (Maes, CHES 2013); for mu = 0 the mean error against the noise-free value is
arctan(lambda) / pi. Per-cell temperature coefficients follow the same paper; thermal noise grows with the square root
of the absolute temperature; negative-bias temperature instability weakens the transistor that holds the start-up value,
by a power law in time. The sizes of theta_V and theta_R and the log-normal spread of ageing are ours, not measured.
"""

import math
from dataclasses import dataclass

import numpy as np

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits, Reals, check_count
from fingerprint.puf.drift import Sensitivity, check_spreads
from fingerprint.puf.environment import NOMINAL, NOMINAL_CELSIUS, ZERO_CELSIUS, Environment
from fingerprint.puf.process import normals

AGEING_EXPONENT = 1 / 6  # reaction-diffusion model of NBTI
AGEING_YEARS = 2.0  # the age at which `ageing` is stated


@dataclass(frozen=True, slots=True, kw_only=True)
class SramParameters:
    """Parameters of the cell model, all in units of the standard deviation of the mismatch.

    Attributes:
        noise: lambda, standard deviation of a read's noise; 0.158 is a mean error of 5 %.
        bias: mu, mean mismatch; 0 is unbiased, 0.25 gives 60 % ones.
        thermal: theta_T, spread of the cells' temperature coefficients per 100 K.
        supply: theta_V, spread of their supply coefficients per 10 % of the supply.
        ramp: theta_R, spread of their ramp coefficients per decade of ramp time.
        ageing: A, median drift after two years; 0.023 raises the 5 % of errors by 19 %, as measured over two years
            on 16 boards (arXiv 2007.15909).

    Raises:
        ParameterError: a negative or non-finite value.
    """

    noise: float = 0.158
    bias: float = 0.0
    thermal: float = 0.4
    supply: float = 0.05
    ramp: float = 0.05
    ageing: float = 0.023

    def __post_init__(self) -> None:
        check_spreads(noise=self.noise, thermal=self.thermal, supply=self.supply, ramp=self.ramp, ageing=self.ageing)
        if not math.isfinite(self.bias):
            raise ParameterError(f"bias must be finite, not {self.bias}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SramPuf:
    """One SRAM chip or a batch of them; arrays are float32 of shape (*shape, cells).

    Attributes:
        parameters: the cell model.
        mismatch: m, including its mean.
        coefficients: d_T, d_V, d_R, d_A, stacked: (4, *shape, cells).
    """

    parameters: SramParameters
    mismatch: Reals
    coefficients: Reals

    def __post_init__(self) -> None:
        if self.coefficients.shape != (4, *self.mismatch.shape):
            raise ParameterError(f"coefficients {self.coefficients.shape} do not fit mismatch {self.mismatch.shape}")
        check_count("cells", self.cells)

    @classmethod
    def manufacture(
        cls, *words: seeds.Word, cells: int, devices: int | None = None, parameters: SramParameters | None = None
    ) -> "SramPuf":
        """One chip, or `devices` of them, drawn from seed words.

        Example:
            >>> chips = SramPuf.manufacture("wafer", 3, cells=256, devices=4)
            >>> chips.read(np.random.default_rng(1), reads=2).shape
            (4, 2, 256)

        Raises:
            ParameterError: no word was given, or a count is not positive.
        """
        check_count("cells", cells)
        shape: tuple[int, ...] = (cells,)
        if devices is not None:
            check_count("devices", devices)
            shape = (devices, cells)
        parameters = parameters or SramParameters()
        mismatch = normals("sram", "mismatch", *words, shape=shape) + np.float32(parameters.bias)
        coefficients = normals("sram", "coefficients", *words, shape=(4, *shape))
        return cls(parameters=parameters, mismatch=mismatch, coefficients=coefficients)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; () for one chip."""
        return self.mismatch.shape[:-1]

    @property
    def cells(self) -> int:
        """Response bits per chip."""
        return int(self.mismatch.shape[-1])

    def chip(self, index: int) -> "SramPuf":
        """One chip of a batch.

        Raises:
            ParameterError: this is one chip already, or it has no such index.
        """
        if not self.shape or not 0 <= index < self.shape[0]:
            raise ParameterError(f"no chip {index} in a batch of shape {self.shape}")
        return SramPuf(
            parameters=self.parameters, mismatch=self.mismatch[index], coefficients=self.coefficients[:, index]
        )

    def margin(self, environment: Environment = NOMINAL) -> Reals:
        """Margins m' of all cells in an environment: positive cells start as 1, float32 (*shape, cells)."""
        p, e = self.parameters, environment
        drift = Sensitivity(thermal=p.thermal, supply=p.supply, ramp=p.ramp).drift(self.coefficients[:3], e)
        wear = np.float32(p.ageing * (e.years / AGEING_YEARS) ** AGEING_EXPONENT)
        margin: Reals = self.mismatch + drift
        if wear:
            margin -= wear * np.exp(self.coefficients[3] / 2 - 1 / 8) * np.sign(self.mismatch)
        return margin

    def noise(self, environment: Environment = NOMINAL) -> float:
        """Standard deviation lambda' of the noise of a read in an environment."""
        return self.parameters.noise * math.sqrt(environment.kelvin / (NOMINAL_CELSIUS + ZERO_CELSIUS))

    def read(self, noise: np.random.Generator, *, reads: int = 1, environment: Environment = NOMINAL) -> Bits:
        """Read-outs, uint8 of shape (*shape, reads, cells).

        Args:
            noise: where the noise of these reads comes from.
            reads: how many power-ups.
            environment: temperature, supply, age and ramp time.

        Raises:
            ParameterError: `reads` is not positive.
        """
        check_count("reads", reads)
        margin = self.margin(environment)[..., None, :]
        values = noise.standard_normal((*self.shape, reads, self.cells), dtype=np.float32)
        values *= np.float32(self.noise(environment))
        values += margin
        return (values > 0).view(np.uint8)
