"""`cosine`: CosWM (Charette et al., AAAI 2022, arXiv 2203.02777), the published peer, from its formulas.

    key K_d = (i*, v), frequency f;   u(x) = <v, x> / s,   a_i = cos(f u) for i = i*, cos(f u + pi) for the others
    q'_i* = (q_i* + eps (1 + a_i*)) / (1 + 2 eps),   q'_i = (q_i + eps (1 + a_i) / (C - 1)) / (1 + 2 eps)
    SNR = Lomb-Scargle power of (u, q_i*) within 0.005 of f / mean power elsewhere, over inputs surely of class i*

The paper has one key a model and calls SNR > 8 a hit. Three things are OURS. Which inputs are surely of a class is
asked of clean students, which helps the mark: a suspect's own surest answers are the crests of the wave alone. A
device's codeword is the seed of its key, so that many devices have one each. And the p-value is an exact randomisation
test: given the answers, the keys of unrelated devices and M fresh keys are exchangeable, hence
p = (1 + #{fresh SNR >= SNR_d}) / (M + 1), valid whatever the answers are. The paper's rule has no such guarantee.
s is the root mean square spread of the inputs along a random direction: f is in radians per standard deviation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, softmax

from fingerprint.errors import ParameterError
from fingerprint.observation import Observation
from fingerprint.schemes.base import Floats, Kit, Pack, Settings, checked_codeword
from fingerprint.schemes.cosine.keys import flat, key

CODEWORD_BITS = 128
REFERENCE = "clean"
_SMALLEST = 1e-30


@dataclass(frozen=True, slots=True)
class Cosine:
    """The peer. Settings: `frequency` f, `scale` s, `trials` M, `bits` of the seed."""

    name: str = "cosine"
    version: int = 1
    statistic: str = "Lomb-Scargle power of (u, q_i*) at f over mean power elsewhere"
    bound: str = "(1 + #{fresh keys with SNR at least as large}) / (M + 1), exact; union bound over devices"
    scores_inputs: bool = True

    def bits(self, *, classes: int, components: int, settings: Settings) -> int:  # noqa: ARG002 - same for all schemes
        """Length of the seed of a key."""
        return int(settings.get("bits", CODEWORD_BITS))

    def greatest_score(self, *, classes: int, bits: int) -> None:  # noqa: ARG002 - same for all schemes
        """A signal-to-noise ratio has no greatest value."""
        return

    def check(self, pack: Pack) -> None:
        """A clean reference, and frequency, scale and trials that make a spectrum."""
        if REFERENCE not in pack.references:
            raise ParameterError(
                f"the cosine scheme picks sure answers by the reference {REFERENCE!r}; the pack lacks it"
            )
        if not pack.settings.get("frequency", 0) > 0 or not pack.settings.get("scale", 0) > 0:
            raise ParameterError("the cosine scheme needs a positive frequency and a positive scale")
        if not 1 <= pack.settings.get("trials", 0) <= 10**6:
            raise ParameterError("the cosine scheme needs between 1 and a million fresh keys (trials)")

    def shift(
        self,
        kit: Kit,
        codeword: ArrayLike,
        *,
        inputs: ArrayLike,
        logits: ArrayLike,
        whitened: ArrayLike,  # noqa: ARG002 - same for all schemes
    ) -> Floats:
        """log q' - log q, (n, C)."""
        z = np.asarray(logits, dtype=np.float64)
        q = softmax(z, axis=1)
        classes, eps = q.shape[1], kit.strength
        target, direction = key(
            checked_codeword(codeword, self.bits(classes=classes, components=0, settings=kit.settings)),
            classes=classes,
            width=flat(inputs).shape[1],
        )
        wave = np.cos(kit.settings["frequency"] * (flat(inputs) @ direction) / kit.settings["scale"])[:, None]
        marked = (q + eps * (1 - wave) / (classes - 1)) / (1 + 2 * eps)
        marked[:, target] = (q[:, target] + eps * (1 + wave[:, 0])) / (1 + 2 * eps)
        return np.asarray(np.log(np.maximum(marked, _SMALLEST)) - log_softmax(z, axis=1))

    def head_change(self, kit: Kit, codeword: ArrayLike) -> tuple[Floats, Floats]:  # noqa: ARG002 - same for all schemes
        """A cosine of the input is no linear map of a student's features."""
        raise ParameterError("a cosine signature cannot be minted into a last layer; distil the copy")

    def gather(self, pack: Pack, observation: Observation) -> Floats:
        """The answers' probabilities and the reference's, (2, n, C): the spectrum needs a key, these do not."""
        reference = softmax(pack.references[REFERENCE].astype(np.float64), axis=1)
        return np.stack([observation.probabilities, reference])
