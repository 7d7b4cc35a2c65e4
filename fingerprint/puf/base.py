"""The contracts: a weak PUF has cells that are read, a strong PUF answers challenges.

Leading axes are devices: a value of shape () is one chip, of shape (64,) a batch of 64. Bits are uint8 0 or 1.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.puf.environment import NOMINAL, Environment

Bits = NDArray[np.uint8]
Reals = NDArray[np.float32]


class WeakPuf(Protocol):
    """One chip, or a batch of chips, whose start-up values are read.

    A kind that joins `fingerprint.puf.catalogue` must keep these laws (one conformance suite tests them all): the same
    seed words give the same chip; other words give a chip about half of whose bits differ; without noise every read is
    the same; the noise comes from the given generator and from nowhere else.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; () for one chip."""
        ...

    @property
    def cells(self) -> int:
        """Response bits per chip."""
        ...

    def read(self, noise: np.random.Generator, *, reads: int = 1, environment: Environment = NOMINAL) -> Bits:
        """Read-outs, uint8 of shape (*shape, reads, cells)."""
        ...


class StrongPuf(Protocol):
    """One chip, or a batch of chips, that answers challenges with one bit each."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; () for one chip."""
        ...

    @property
    def stages(self) -> int:
        """Bits of a challenge."""
        ...

    def respond(
        self, challenges: Bits, noise: np.random.Generator | None = None, *, environment: Environment = NOMINAL
    ) -> Bits:
        """Responses, uint8 (*shape, count), to challenges (count, stages); without `noise` the noise-free ones.

        Raises:
            ParameterError: challenges of another length, type or value.
        """
        ...


def check_count(name: str, value: int) -> None:
    """Nothing, when `value` is a positive whole number.

    Raises:
        ParameterError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ParameterError(f"{name} must be a positive whole number, not {value!r}")
