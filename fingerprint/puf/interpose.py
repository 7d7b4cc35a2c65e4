"""Interpose PUFs: one XOR arbiter PUF's response becomes a challenge bit of another (Nguyen et al. 2019)."""

from dataclasses import dataclass

import numpy as np

from fingerprint.errors import ParameterError
from fingerprint.puf.arbiter import ArbiterPuf
from fingerprint.puf.base import Bits
from fingerprint.puf.environment import NOMINAL, Environment


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InterposePuf:
    """An upper XOR arbiter PUF whose response is inserted into the challenge of a lower one.

    Attributes:
        upper: n stages.
        lower: n + 1 stages.
        position: where the upper response goes in the lower challenge, 0..n.

    Raises:
        ParameterError: sizes that do not fit; batches are not composed, so both must be single chips.
    """

    upper: ArbiterPuf
    lower: ArbiterPuf
    position: int

    def __post_init__(self) -> None:
        if self.upper.shape or self.lower.shape:
            raise ParameterError("an interpose PUF is composed of single chips, not of batches")
        if self.lower.stages != self.upper.stages + 1 or not 0 <= self.position <= self.upper.stages:
            raise ParameterError(
                f"{self.upper.stages} upper and {self.lower.stages} lower stages with position {self.position}: "
                "the lower PUF needs one stage more, and a position within it"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """(), one chip."""
        return ()

    @property
    def stages(self) -> int:
        """Bits of a challenge."""
        return self.upper.stages

    def respond(
        self, challenges: Bits, noise: np.random.Generator | None = None, *, environment: Environment = NOMINAL
    ) -> Bits:
        """Responses, uint8 (count,)."""
        inserted = self.upper.respond(challenges, noise, environment=environment)
        longer = np.insert(challenges, self.position, inserted, axis=1)
        return self.lower.respond(longer, noise, environment=environment)
