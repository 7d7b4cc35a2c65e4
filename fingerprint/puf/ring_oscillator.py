"""Ring-oscillator PUF: frequencies with process gradient, counter quantisation, temperature, supply and ageing.

    f_i   = f_0 (1 + s u_i + g (a x_i + b y_i + c r_i^2) + design_i + drift_i) common(T, V, t)
    count = floor(W (f_i + jitter z)),   z ~ N(0, 1) new in every read,   bit = [count_a > count_b]

u_i ~ N(0, 1) is the oscillator's own variation and s its spread; (x, y) its place on the die in -1..1, r its distance
from the centre, a, b, c ~ N(0, 1) one gradient per chip; design_i the layout's systematic part, the same in every chip
of a design, which is what bit-aliasing measures. The jitter is `noise` s f_0, so that a pair's noise over its own
signal is `noise`: 0.0262 fits 193 measured chips (Maiti et al., HOST 2010; see docs/puf.md). `common`
is the alpha-power law of a gate's delay (Sakurai and Newton 1990) and cancels in every comparison. Drifts and ageing
per oscillator are ours, not measured.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits, Reals, check_count
from fingerprint.puf.drift import Sensitivity, check_spreads
from fingerprint.puf.environment import NOMINAL, Environment
from fingerprint.puf.pairing import Pairs, compare, disjoint
from fingerprint.puf.process import normals

THRESHOLD, ALPHA = 0.35, 1.3  # threshold voltage over nominal supply, velocity-saturation exponent
AGEING_EXPONENT, AGEING_YEARS = 1 / 6, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RingParameters:
    """Parameters of the oscillators.

    Attributes:
        nominal: f_0 in hertz.
        spread: s, relative spread of an oscillator's own variation.
        noise: a pair's noise over its signal in one read-out.
        gradient: g, relative size of a chip's gradient.
        design: relative spread of the layout's systematic part; 0.4 of `spread` gives bits an aliasing of 13 %.
        window: W, counting time in seconds.
        thermal: spread of the temperature coefficients over `spread`, per 100 K.
        supply: spread of the supply coefficients over `spread`, per 10 %.
        ageing: spread of the relative slow-down after two years over `spread`.

    Raises:
        ParameterError: a number out of range.
    """

    nominal: float = 200e6
    spread: float = 0.004
    noise: float = 0.0262
    gradient: float = 0.002
    design: float = 0.0016
    window: float = 1e-3
    thermal: float = 0.1
    supply: float = 0.05
    ageing: float = 0.03

    def __post_init__(self) -> None:
        check_spreads(
            noise=self.noise,
            gradient=self.gradient,
            design=self.design,
            thermal=self.thermal,
            supply=self.supply,
            ageing=self.ageing,
        )
        for name in ("nominal", "spread", "window"):
            if not 0 < getattr(self, name) < math.inf:
                raise ParameterError(f"{name} must be positive and finite, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RingOscillatorPuf:
    """One chip of ring oscillators or a batch of them.

    Attributes:
        parameters: the model.
        frequencies: hertz at nominal conditions, float64 (*shape, oscillators).
        coefficients: temperature, supply and ageing coefficients, (3, *shape, oscillators).
        pairs: the comparisons, (cells, 2).
    """

    parameters: RingParameters
    frequencies: NDArray[np.float64]
    coefficients: Reals
    pairs: Pairs = field(repr=False)

    def __post_init__(self) -> None:
        if not len(self.pairs) or self.pairs.max() >= self.frequencies.shape[-1] or self.pairs.min() < 0:
            raise ParameterError(f"the pairs do not fit {self.frequencies.shape[-1]} oscillators")

    @classmethod
    def manufacture(
        cls,
        *words: seeds.Word,
        oscillators: int,
        columns: int = 16,
        devices: int | None = None,
        parameters: RingParameters | None = None,
        pairs: Pairs | None = None,
        design: seeds.Word = "reference",
    ) -> "RingOscillatorPuf":
        """One chip, or `devices` of them.

        Args:
            words: seed of the chips.
            oscillators: how many, row by row on the grid.
            columns: oscillators per row.
            devices: a batch of so many; None is one chip.
            parameters: the model.
            pairs: comparisons, for example `pairing.chain(512)`; None is disjoint adjacent pairs.
            design: name of the layout; chips of one layout share its systematic part.

        Example:
            >>> chip = RingOscillatorPuf.manufacture("wafer", oscillators=512)
            >>> chip.read(np.random.default_rng(1)).shape
            (1, 256)

        Raises:
            ParameterError: no word was given, or a count is not positive.
        """
        check_count("oscillators", oscillators)
        check_count("columns", columns)
        shape: tuple[int, ...] = (oscillators,)
        if devices is not None:
            check_count("devices", devices)
            shape = (devices, oscillators)
        p = parameters or RingParameters()
        own = p.spread * normals("ring", "own", *words, shape=shape).astype(np.float64)
        slope = p.gradient * normals("ring", "gradient", *words, shape=(*shape[:-1], 3)).astype(np.float64)
        layout = p.design * normals("ring", "design", design, shape=(oscillators,)).astype(np.float64)
        return cls(
            parameters=p,
            frequencies=p.nominal * (1 + own + slope @ _surface(oscillators, columns) + layout),
            coefficients=normals("ring", "coefficients", *words, shape=(3, *shape)),
            pairs=disjoint(oscillators) if pairs is None else pairs,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; () for one chip."""
        return self.frequencies.shape[:-1]

    @property
    def cells(self) -> int:
        """Response bits per chip."""
        return len(self.pairs)

    def settled(self, environment: Environment = NOMINAL) -> NDArray[np.float64]:
        """Noise-free frequencies in an environment, hertz, (*shape, oscillators)."""
        p, e = self.parameters, environment
        drift = Sensitivity(thermal=p.thermal, supply=p.supply).drift(self.coefficients[:2], e).astype(np.float64)
        drift -= p.ageing * (e.years / AGEING_YEARS) ** AGEING_EXPONENT * np.abs(self.coefficients[2])
        return (self.frequencies + p.nominal * p.spread * drift) * _common(e)

    def measure(
        self, noise: np.random.Generator, *, reads: int = 1, environment: Environment = NOMINAL
    ) -> NDArray[np.float64]:
        """Counted frequencies in hertz, (*shape, reads, oscillators): whole counts over the window.

        Raises:
            ParameterError: `reads` is not positive.
        """
        check_count("reads", reads)
        p = self.parameters
        true = self.settled(environment)[..., None, :]
        jitter = noise.standard_normal((*self.shape, reads, true.shape[-1]), dtype=np.float32)
        scale = p.noise * p.spread * math.sqrt(environment.kelvin / NOMINAL.kelvin)
        counts: NDArray[np.float64] = np.floor(p.window * (true + p.nominal * scale * jitter))
        return counts / p.window

    def read(self, noise: np.random.Generator, *, reads: int = 1, environment: Environment = NOMINAL) -> Bits:
        """Read-outs, uint8 (*shape, reads, cells): 1 where a pair's first oscillator counted more."""
        return compare(self.measure(noise, reads=reads, environment=environment), self.pairs)


def _surface(oscillators: int, columns: int) -> NDArray[np.float64]:
    """x, y and r^2 of every oscillator, (3, oscillators)."""
    place = np.arange(oscillators)
    rows = max(1, -(-oscillators // columns) - 1)
    x = 2 * (place % columns) / max(1, columns - 1) - 1
    y = 2 * (place // columns) / rows - 1
    return np.stack([x, y, x**2 + y**2])


def _common(environment: Environment) -> float:
    """What temperature, supply and age do to all oscillators alike, relative to nominal."""
    drive = math.pow((environment.supply - THRESHOLD) / (1 - THRESHOLD), ALPHA) / environment.supply
    return drive * math.pow(environment.kelvin / NOMINAL.kelvin, -0.2)
