"""Arithmetic of GF(2^m) by tables, elementwise on arrays; elements are integers whose bits are the coefficients.

The polynomials are Conway's, so that elements mean the same as in other computer algebra.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError

Elements = NDArray[np.uint16]

#: Conway polynomials over GF(2) by degree (Luebeck's list); bit i is the coefficient of x^i.
CONWAY = {
    3: 0b1011,
    4: 0b10011,
    5: 0b100101,
    6: 0b1011011,
    7: 0b10000011,
    8: 0b100011101,
    9: 0b1000010001,
    10: 0b10001101111,
    11: 0b100000000101,
    12: 0b1000011101011,
}


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """GF(2^m).

    Attributes:
        degree: m.
        powers: alpha^i for i in 0 .. 3 (2^m - 1), then zeros: the sum of three logarithms may index it directly.
        logarithms: log_alpha of every element; that of 0 points at the zeros.
    """

    degree: int
    powers: Elements
    logarithms: NDArray[np.int32]

    @property
    def order(self) -> int:
        """2^m - 1, the number of elements other than 0."""
        return (1 << self.degree) - 1

    def multiply(self, a: Elements, b: Elements) -> Elements:
        """Products, elementwise.

        Example:
            >>> gf = field(4)
            >>> int(gf.multiply(np.uint16(9), np.uint16(2)))  # (x^3 + 1) x = x^4 + x = 1 in GF(16)
            1
        """
        product: Elements = self.powers[self.logarithms[a] + self.logarithms[b]]
        return product

    def invert(self, a: Elements) -> Elements:
        """Inverses of elements other than 0; 0 goes to 0."""
        return np.where(a == 0, 0, self.powers[(self.order - self.logarithms[a]) % self.order]).astype(np.uint16)


@cache
def field(degree: int) -> Field:
    """GF(2^degree) for degrees 3 to 12.

    Raises:
        ParameterError: another degree.
    """
    if degree not in CONWAY:
        raise ParameterError(f"no field GF(2^{degree}) here; degrees {min(CONWAY)} to {max(CONWAY)}")
    order = (1 << degree) - 1
    cycle = [1]
    for _ in range(order - 1):
        doubled = cycle[-1] << 1
        cycle.append(doubled ^ CONWAY[degree] if doubled > order else doubled)
    powers = np.zeros(9 * order, dtype=np.uint16)
    powers[: 3 * order] = np.tile(np.array(cycle, dtype=np.uint16), 3)
    logarithms = np.full(order + 1, 3 * order, dtype=np.int32)
    logarithms[cycle] = np.arange(order, dtype=np.int32)
    for table in (powers, logarithms):
        table.setflags(write=False)
    return Field(degree, powers, logarithms)
