"""The environment of a read-out as a value: temperature, supply voltage, age and ramp time of the supply."""

from dataclasses import dataclass
from itertools import product

from fingerprint.errors import ParameterError

ZERO_CELSIUS = 273.15
NOMINAL_CELSIUS = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where and when a PUF is read.

    Attributes:
        celsius: junction temperature in degrees Celsius, -60..175.
        supply: supply voltage over its nominal value, 0.7..1.3.
        years: age under use in years, 0..50.
        ramp: time of the supply's rise over its nominal value, 0.001..1000.

    Example:
        >>> Environment(celsius=85).kelvin
        358.15

    Raises:
        ParameterError: a value outside its range (NaN included).
    """

    celsius: float = NOMINAL_CELSIUS
    supply: float = 1.0
    years: float = 0.0
    ramp: float = 1.0

    def __post_init__(self) -> None:
        _within("temperature", self.celsius, -60, 175, "degrees Celsius")
        _within("supply", self.supply, 0.7, 1.3, "times nominal")
        _within("age", self.years, 0, 50, "years")
        _within("ramp time", self.ramp, 1e-3, 1e3, "times nominal")

    @property
    def kelvin(self) -> float:
        """Absolute temperature in kelvin."""
        return self.celsius + ZERO_CELSIUS

    @property
    def heat(self) -> float:
        """Difference to the nominal temperature in units of 100 K."""
        return (self.celsius - NOMINAL_CELSIUS) / 100


def _within(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:
        raise ParameterError(f"{name} {value} {unit} is out of range; give {low} to {high}")


NOMINAL = Environment()
COLD = Environment(celsius=-40)
HOT = Environment(celsius=85)
LOW_SUPPLY = Environment(supply=0.9)
HIGH_SUPPLY = Environment(supply=1.1)
AGED = Environment(years=10)
#: The eight corners of the industrial range (-40..85 degrees Celsius, +-10 % supply), fresh and after ten years.
CORNERS = tuple(
    Environment(celsius=celsius, supply=supply, years=years)
    for celsius, supply, years in product((-40, 85), (0.9, 1.1), (0, 10))
)
