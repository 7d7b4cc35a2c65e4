"""`static`: z' = z + a_d with one signed offset per class, two-stage decoder, bit compression.

The idea is that of arXiv 2602.23587, of which only the abstract is public: embedding formula, decoder architecture,
compression rule and strengths are OURS. A static offset is a class-prior shift; what takes a prior shift out takes the
signature out, and C classes carry C - 1 bits.

1. a_d = eps sigma_z (w, 0) / rms, centred; w = fold(c_d): class j carries bit j, the last class is the reference.
2. Stage one: a small neural network, trained on shadow students that carry OTHER codewords, turns the suspect's
   summary into C - 1 signs. It never sees an enrolled codeword.
3. Stage two: the nearest enrolled codeword by Hamming distance, with the exact binomial tail

       P(agreements >= a) = sum_{j >= a} binom(m, j) 2^-m          for a device that has nothing to do with the suspect

   whose smallest value is 2^-m: among many devices nobody can be named, and the verdict says so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fingerprint.errors import ParameterError
from fingerprint.observation import Observation
from fingerprint.schemes.base import Floats, Kit, Pack, Settings, checked_codeword
from fingerprint.schemes.static import network
from fingerprint.schemes.static.folding import capacity, fold
from fingerprint.schemes.static.summary import BLOCKS, summarise

RESPONSE_BITS = 128
REFERENCE = "clean"


@dataclass(frozen=True, slots=True)
class Static:
    """The seed paper's baseline. Setting: `bits`, the length of the response that is folded."""

    name: str = "static"
    version: int = 1
    statistic: str = "number of the C - 1 decoded bits that agree with the folded codeword"
    bound: str = "P(Binomial(C - 1, 1/2) >= agreements), exact"
    scores_inputs: bool = False

    def bits(self, *, classes: int, components: int, settings: Settings) -> int:  # noqa: ARG002 - same for all schemes
        """Length of the response before folding."""
        return int(settings.get("bits", RESPONSE_BITS))

    def greatest_score(self, *, classes: int, bits: int) -> float:  # noqa: ARG002 - same for all schemes
        """All C - 1 bits."""
        return float(capacity(classes))

    def check(self, pack: Pack) -> None:
        """A clean reference, a decoder of the right shape, and a response that can be folded."""
        bits = capacity(pack.classes)
        if REFERENCE not in pack.references:
            raise ParameterError(f"the static scheme decodes against the reference {REFERENCE!r}; the pack lacks it")
        if self.bits(classes=pack.classes, components=0, settings=pack.settings) < bits:
            raise ParameterError(f"responses must have {bits} bits or more to be folded onto {pack.classes} logits")
        network.check(pack.tensors, inputs=BLOCKS * pack.classes, bits=bits)

    def shift(
        self,
        kit: Kit,
        codeword: ArrayLike,
        *,
        inputs: ArrayLike,  # noqa: ARG002 - same for all schemes
        logits: ArrayLike,
        whitened: ArrayLike,  # noqa: ARG002 - same for all schemes
    ) -> Floats:
        """The same offset for every input, (n, C)."""
        return np.tile(offset(kit, codeword), (len(np.asarray(logits)), 1))

    def head_change(self, kit: Kit, codeword: ArrayLike) -> tuple[Floats, Floats]:
        """A change of the bias alone."""
        if kit.minting is None:
            raise ParameterError("this release has no minting base; distil the copy instead")
        return np.zeros((kit.classes, kit.minting.shape[0] - 1)), offset(kit, codeword)

    def gather(self, pack: Pack, observation: Observation) -> Floats:
        """The network's C - 1 soft bits."""
        return network.forward(pack.tensors, summarise(observation, pack.references[REFERENCE].astype(np.float64)))


def offset(kit: Kit, codeword: ArrayLike) -> Floats:
    """a_d, float64 (C,), summing to zero, of root mean square eps sigma_z: matched to `subspace` at the same strength.

    Raises:
        ParameterError: not a codeword of this release.
    """
    bits = int(kit.settings.get("bits", RESPONSE_BITS))
    signs = fold(checked_codeword(codeword, bits)[None], capacity(kit.classes))[0]
    raw = np.r_[signs.astype(np.float64), 0.0]
    raw -= raw.mean()
    return np.asarray(kit.strength * kit.sigma * raw / np.sqrt((raw * raw).mean()))
