"""t_d = <c_d, y> / |y| and its tail."""

from dataclasses import dataclass

import numpy as np

from fingerprint import statistics, trace
from fingerprint.evidence import Evidence
from fingerprint.schemes.base import Signs, checked_codewords
from fingerprint.schemes.scores import Scores


@dataclass(frozen=True, slots=True)
class SubspaceScoring:
    """The default scheme, codeword side."""

    def score(self, evidence: Evidence, codewords: Signs, *, tests: int) -> Scores:
        """t and its tail; Sidak is exact, for codewords are independent and y is fixed."""
        scores = trace.scores(evidence.values, checked_codewords(codewords, evidence.bits))
        p_values = statistics.tail_bound(scores)
        return Scores(
            scores=scores,
            p_values=p_values,
            family_wise=statistics.family_wise(p_values, tests),
            threshold=statistics.threshold(evidence.alpha, tests),
        )

    def decoded(self, evidence: Evidence) -> Signs:
        """Signs of y; zero counts as +1."""
        return np.where(evidence.values < 0, -1, 1).astype(np.int8)

    def payload(self, codewords: Signs, *, classes: int) -> Signs:  # noqa: ARG002 - same for all schemes
        """The codewords: one carrier a bit."""
        return codewords
