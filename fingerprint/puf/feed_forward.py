"""Feed-forward arbiter PUFs: intermediate arbiters set later challenge bits (Lim et al. 2005)."""

from dataclasses import dataclass

import numpy as np

from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits, Reals
from fingerprint.puf.challenges import check
from fingerprint.puf.delay import Chains, xor_of
from fingerprint.puf.environment import NOMINAL, Environment


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeedForwardPuf:
    """The XOR of arbiter chains that all have the same loops.

    Attributes:
        chains: the delay chains.
        loops: (tap, target) pairs: the sign of the delay after stage `tap` is challenge bit `target`, for every chain.

    Raises:
        ParameterError: a loop that does not lead forward, a target twice, or taps that do not rise.
    """

    chains: Chains
    loops: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        targets = [target for _, target in self.loops]
        forward = all(0 <= tap < target < self.stages for tap, target in self.loops)
        if not forward or len(set(targets)) < len(targets) or list(self.loops) != sorted(self.loops):
            raise ParameterError(f"loops {self.loops} must lead forward within {self.stages} stages, taps rising")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch; () for one chip."""
        return self.chains.alpha.shape[:-2]

    @property
    def stages(self) -> int:
        """Bits of a challenge, those that loops replace included."""
        return int(self.chains.alpha.shape[-1])

    def respond(
        self, challenges: Bits, noise: np.random.Generator | None = None, *, environment: Environment = NOMINAL
    ) -> Bits:
        """Responses, uint8 (*shape, count); the bits of a challenge at loop targets are ignored."""
        check(challenges, self.stages)
        single = [self._one(chain, challenges, noise, environment) for chain in self._separate()]
        delays = np.stack(single, axis=1).reshape(len(challenges), *self.chains.alpha.shape[:-1])
        return xor_of(delays)

    def _separate(self) -> list[Chains]:
        """Every chain of every chip alone, since its loops give it challenges of its own."""
        c, n = self.chains, self.stages
        alpha, beta = c.alpha.reshape(-1, 1, n), c.beta.reshape(-1, 1, n)
        drift = c.coefficients.reshape(2, 2, -1, 1, n)
        return [
            Chains(parameters=c.parameters, alpha=alpha[i], beta=beta[i], coefficients=drift[:, :, i])
            for i in range(len(alpha))
        ]

    def _one(
        self, chain: Chains, challenges: Bits, noise: np.random.Generator | None, environment: Environment
    ) -> Reals:
        own = challenges.copy()
        for tap, target in self.loops:
            early = chain.delays(own[:, : tap + 1], noise, environment, upto=tap + 1)
            own[:, target] = early[:, 0] > 0
        return chain.delays(own, noise, environment)[:, 0]
