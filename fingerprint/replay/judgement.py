"""From answers to y, and from y and one codeword to a verdict about its device. y is fixed before the codeword is seen.

y = R^T sum_j w_j y_j / |y_j|        t = <c, y> / |y|        p = tail_bound(t)        named: 1 - (1 - p)^N <= alpha
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.errors import ParameterError
from fingerprint.observation import Observation
from fingerprint.replay import bounds
from fingerprint.replay.carriers import rotated_back
from fingerprint.replay.estimates import estimate
from fingerprint.replay.release import Release

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one codeword says about one evidence.

    Attributes:
        score: t.
        p_value: bound of P(t >= score) for a device that has nothing to do with the suspect.
        family_wise_p: the same for any of N devices.
        threshold: smallest score that names a device.
        named: whether family_wise_p <= alpha.
    """

    score: float
    p_value: float
    family_wise_p: float
    threshold: float
    named: bool


def evidence(release: Release, observation: Observation) -> Floats:
    """y, (L,), of checked answers. No codeword can be passed."""
    pooled = np.zeros(release.bits)
    for term in release.pool[observation.kind]:
        if term.reads_small_probabilities and not observation.fine:
            continue
        rows, features, reference = release.read_by(term)
        found = estimate(term, observation, rows, features=features, reference=reference, ridge=release.ridge).ravel()
        size = float(np.sqrt(found @ found))
        if size > 0:
            pooled += term.weight * found / size
    return rotated_back(release.release_key, pooled)


def score(values: Floats, codewords: Signs) -> Floats:
    """t of every row of codewords, (N,); zero evidence scores zero.

    Raises:
        ParameterError: codewords of another length.
    """
    if codewords.shape[1:] != values.shape:
        raise ParameterError(f"codewords of shape {codewords.shape} against evidence of {values.size} carriers")
    size = float(np.sqrt(values @ values))
    return np.asarray(codewords @ values / size if size > 0 else np.zeros(len(codewords)))


def judge(values: Floats, codeword: Signs, *, alpha: float, tests: int) -> Judgement:
    """The verdict about the device that holds this codeword, among N hypotheses."""
    t = float(score(values, codeword[None])[0])
    p = bounds.tail_bound(t)
    family = bounds.family_wise(p, tests)
    return Judgement(
        score=t,
        p_value=p,
        family_wise_p=family,
        threshold=bounds.threshold(alpha, tests),
        named=family <= alpha,
    )


def fresh_codewords(release_id: str, observation_digest: str, *, count: int, bits: int) -> Signs:
    """Codewords that belong to nobody, (count, bits), drawn from release and answers: anybody draws the same."""
    seed = hashlib.sha256(f"{release_id}\n{observation_digest}".encode()).digest()
    rows = [seeds.signs(seed, "evidence/fresh-codewords", number, count=bits) for number in range(count)]
    return np.stack(rows)
