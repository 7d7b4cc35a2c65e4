"""Arbiter PUFs and XORs of them: response = [Delta_1 > 0] xor ... xor [Delta_k > 0].

They are for studies of authentication: `fingerprint.puf.modelling` learns a chain from a few thousand responses. Device
keys come from weak PUFs.
"""

from dataclasses import dataclass

import numpy as np

from fingerprint import seeds
from fingerprint.puf.base import Bits
from fingerprint.puf.challenges import check
from fingerprint.puf.delay import Chains, DelayParameters, xor_of
from fingerprint.puf.environment import NOMINAL, Environment


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArbiterPuf:
    """The XOR of k arbiter chains under one challenge; k = 1 is the plain arbiter PUF."""

    chains: Chains

    @classmethod
    def manufacture(
        cls,
        *words: seeds.Word,
        stages: int = 64,
        chains: int = 1,
        devices: int | None = None,
        parameters: DelayParameters | None = None,
    ) -> "ArbiterPuf":
        """One chip, or `devices` of them, drawn from seed words.

        Example:
            >>> puf = ArbiterPuf.manufacture("board", 1, stages=64, chains=4)
            >>> puf.respond(np.zeros((2, 64), dtype=np.uint8)).shape
            (2,)
        """
        made = Chains.manufacture(*words, stages=stages, chains=chains, devices=devices, parameters=parameters)
        return cls(chains=made)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; () for one chip."""
        return self.chains.alpha.shape[:-2]

    @property
    def stages(self) -> int:
        """Bits of a challenge."""
        return int(self.chains.alpha.shape[-1])

    def respond(
        self, challenges: Bits, noise: np.random.Generator | None = None, *, environment: Environment = NOMINAL
    ) -> Bits:
        """Responses, uint8 (*shape, count)."""
        check(challenges, self.stages)
        return xor_of(self.chains.delays(challenges, noise, environment))
