"""One file per score: how blind evidence becomes the weights of a sum over the bits of a codeword."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.tracing.bias import Bias
from fingerprint.tracing.scores.correlation import Correlation
from fingerprint.tracing.scores.likelihood import LikelihoodRatio
from fingerprint.tracing.scores.oosterwijk import Oosterwijk
from fingerprint.tracing.scores.symmetric import Symmetric


class Score(Protocol):
    """A score that is linear in the codeword: S_d = <c_d, w>."""

    @property
    def name(self) -> str:
        """Its name in the catalogue and in verdicts."""
        ...

    def weights(self, evidence: NDArray[np.float64], bias: Bias, members: NDArray[np.int8]) -> NDArray[np.float64]:
        """w, float64 (L,), finite.

        Args:
            evidence: y, (L,), gathered without any codeword.
            bias: p of the release.
            members: codewords of copies named in earlier rounds, (S, L); never those still to be judged.
        """
        ...


CATALOGUE: dict[str, Score] = {
    score.name: score for score in (Correlation(), Symmetric(), Oosterwijk(), LikelihoodRatio())
}

__all__ = ["CATALOGUE", "Correlation", "LikelihoodRatio", "Oosterwijk", "Score", "Symmetric"]
