"""From fixed evidence and one codeword to a verdict about its device: named if family-wise p <= alpha."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.replay.scoring import Scorer

Signs = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one codeword says about one evidence.

    Attributes:
        score: t of `subspace`; agreements of `static`; SNR of `cosine`.
        p_value: bound of P(such a score) for a device that has nothing to do with the suspect.
        family_wise_p: the same for any of N devices.
        threshold: smallest score that names a device.
        named: whether family_wise_p <= alpha.
    """

    score: float
    p_value: float
    family_wise_p: float
    threshold: float
    named: bool


def judge(scorer: Scorer, codeword: Signs, *, alpha: float, tests: int) -> Judgement:
    """The verdict about the device that holds this codeword, among N hypotheses."""
    score = float(scorer.score(codeword[None])[0])
    p = scorer.p_values(score)[1]
    family = scorer.family_wise(p, tests)
    return Judgement(
        score=score,
        p_value=p,
        family_wise_p=family,
        threshold=scorer.threshold(tests),
        named=family <= alpha,
    )


def fresh_codewords(release_id: str, observation_digest: str, *, count: int, bits: int) -> Signs:
    """Codewords that belong to nobody, (count, bits), drawn from release and answers: anybody draws the same."""
    seed = hashlib.sha256(f"{release_id}\n{observation_digest}".encode()).digest()
    rows = [seeds.signs(seed, "evidence/fresh-codewords", number, count=bits) for number in range(count)]
    return np.stack(rows)
