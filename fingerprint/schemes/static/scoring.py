"""Stage two of the static decoder: Hamming distance to the enrolled codewords, exact binomial tail."""

import sys
from dataclasses import dataclass

import numpy as np

from fingerprint import statistics
from fingerprint.evidence import Evidence
from fingerprint.schemes.base import Signs, checked_codewords
from fingerprint.schemes.scores import Scores
from fingerprint.schemes.static.folding import capacity, fold


@dataclass(frozen=True, slots=True)
class StaticScoring:
    """The seed paper's baseline, codeword side."""

    def score(self, evidence: Evidence, codewords: Signs, *, tests: int) -> Scores:
        """Agreements and their exact tail; Sidak is exact, for folded codewords are independent."""
        from scipy.stats import binom  # noqa: PLC0415 - slow to load, and needed by this baseline alone

        m = evidence.values.size
        words = fold(checked_codewords(codewords, evidence.bits), m)
        agreements = (words == self.decoded(evidence)).sum(axis=1)
        tails = binom.sf(np.arange(m + 1) - 1, m, 0.5)
        p_values = np.asarray(tails[agreements], dtype=np.float64)
        enough = np.flatnonzero(statistics.family_wise(tails, tests) <= evidence.alpha)
        return Scores(
            scores=agreements.astype(np.float64),
            p_values=p_values,
            family_wise=statistics.family_wise(p_values, tests),
            threshold=float(enough[0]) if enough.size else sys.float_info.max,
        )

    def decoded(self, evidence: Evidence) -> Signs:
        """Signs of the soft bits; zero counts as +1."""
        return np.where(evidence.values < 0, -1, 1).astype(np.int8)

    def payload(self, codewords: Signs, *, classes: int) -> Signs:
        """The folded codewords."""
        return fold(codewords, capacity(classes))
