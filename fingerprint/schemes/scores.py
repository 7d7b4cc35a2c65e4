"""What a scheme says once codewords are in: scores, valid p-values, and the bits that it read."""

from dataclasses import dataclass
from typing import Protocol

from fingerprint.evidence import Evidence
from fingerprint.schemes.base import Floats, Signs


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Every candidate's score and what it means.

    Attributes:
        scores: float64 (N,); larger is stronger evidence.
        p_values: float64 (N,); P(score at least this) for a device that has nothing to do with the suspect, or more.
        family_wise: the same for any of the declared number of hypotheses.
        threshold: smallest score named at this alpha and number; the largest float where no score suffices.
    """

    scores: Floats
    p_values: Floats
    family_wise: Floats
    threshold: float


class Scoring(Protocol):
    """The codeword side of one scheme. It holds no state and no randomness."""

    def score(self, evidence: Evidence, codewords: Signs, *, tests: int) -> Scores:
        """Scores of (N, L) codewords against evidence that is fixed; ParameterError for other codewords."""
        ...

    def decoded(self, evidence: Evidence) -> Signs | None:
        """Payload bits that the evidence says, (m,); None for a scheme without bits."""
        ...

    def payload(self, codewords: Signs, *, classes: int) -> Signs:
        """(N, m) bits of the codewords that the logits really carry; m = L unless the scheme compresses."""
        ...
