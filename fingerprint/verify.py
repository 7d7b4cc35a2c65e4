"""Verification, a numbered recipe. Steps 1 to 3 cannot see a codeword: no type in their signatures can hold one.

1. `observe`   the suspect's answers are checked and stated      (fingerprint.observation; stops malformed answers)
2. `gather`    every estimate of the pool, weights fixed with the release  (stops picking the best score afterwards)
3. `Evidence`  y in R^L and its digest are fixed
4. `judge`     only now codewords come in: t_d = <c_d, y> / |y| for all N
5.             p_d by the tail theorem, family-wise over at least N hypotheses (stops "many devices, some must fit")
6.             devices with family-wise p <= alpha are named; otherwise the source is unknown
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import statistics, trace
from fingerprint.errors import ParameterError, ProbeCountMismatch, WrongRelease, WrongShape
from fingerprint.estimators.residual import residual_evidence
from fingerprint.estimators.score import score_evidence
from fingerprint.observation import Observation
from fingerprint.pack import VerifierPack
from fingerprint.pool import RESIDUAL, Term
from fingerprint.verdict import DeviceScore, Verdict

RANKED = 100  # a verdict lists at most this many devices, and every named one


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """y, one soft value per carrier, computed without any codeword.

    Attributes:
        release: release id of the pack it was gathered with.
        values: y, float64 (L,).
        kind, probes, scheme, alpha: copied from observation and pack.
        observation_digest: digest of the answers.
    """

    release: str
    values: NDArray[np.float64]
    kind: str
    probes: int
    scheme: str
    alpha: float
    observation_digest: str


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The codewords of one release's copies.

    Attributes:
        release: release id that the codewords were drawn for.
        devices: N device names.
        copies: N copy ids.
        codewords: int8 (N, L) of -1 and +1.
    """

    release: str
    devices: tuple[str, ...]
    copies: tuple[str, ...]
    codewords: NDArray[np.int8]

    def __post_init__(self) -> None:
        if self.codewords.ndim != 2 or not len(self.devices) == len(self.copies) == len(self.codewords):
            raise ParameterError(
                f"{len(self.devices)} devices and codewords of shape {self.codewords.shape} do not match"
            )
        if not ((self.codewords == 1) | (self.codewords == -1)).all():
            raise ParameterError("codewords hold values other than -1 and +1")

    def __repr__(self) -> str:  # codewords are secrets: keep them out of logs and tracebacks
        return f"Candidates(release={self.release!r}, devices={len(self.devices)})"


def gather(pack: VerifierPack, observation: Observation) -> Evidence:
    """Steps 2 and 3: the pooled evidence y = sum_j w_j y_j / |y_j|, rotated back to codeword order.

    Raises:
        ProbeCountMismatch, WrongShape: the observation was checked against another release.
    """
    if observation.count != pack.count:
        raise ProbeCountMismatch(f"{observation.count} answers for a release of {pack.count} probes")
    if observation.classes != pack.classes:
        raise WrongShape(f"answers over {observation.classes} classes for a release of {pack.classes}")
    pooled = np.zeros(pack.bits)
    for term in pack.pool[observation.kind]:
        estimate = _estimate(pack, observation, term).ravel()
        size = float(np.linalg.norm(estimate))
        if size > 0:
            pooled += term.weight * estimate / size
    values = pack.rotation.inverse(pooled)
    values.setflags(write=False)
    return Evidence(
        release=pack.release_id,
        values=values,
        kind=str(observation.kind),
        probes=observation.count,
        scheme=pack.scheme,
        alpha=pack.alpha,
        observation_digest=observation.digest,
    )


def _estimate(pack: VerifierPack, observation: Observation, term: Term) -> NDArray[np.float64]:
    features = pack.features.astype(np.float64)
    reference = pack.references[term.reference].astype(np.float64)
    if term.estimator == RESIDUAL:
        return residual_evidence(observation.log_probabilities, features=features, reference=reference)
    return score_evidence(
        observation.probabilities,
        features=features,
        reference=reference,
        ridge=pack.ridge,
        reported=observation.reported,
    )


def judge(evidence: Evidence, candidates: Candidates, *, tests: int | None = None) -> Verdict:
    """Steps 4 to 6: who is named, if anybody.

    Args:
        evidence: y, fixed.
        candidates: the copies' codewords, of the same release.
        tests: number of hypotheses for the family-wise figure; at least N, N when not given.

    Raises:
        WrongRelease: the codewords were drawn for another release.
        ParameterError: codewords of another length, or fewer tests than candidates.
    """
    if candidates.release != evidence.release:
        raise WrongRelease(f"codewords of release {candidates.release} against evidence of {evidence.release}")
    count = len(candidates.devices)
    hypotheses = max(count, 1) if tests is None else tests
    if hypotheses < max(count, 1):
        raise ParameterError(f"{hypotheses} tests declared for {count} candidates; every candidate is a test")
    scores = trace.scores(evidence.values, candidates.codewords)
    p_values = statistics.tail_bound(scores)
    family = statistics.family_wise(p_values, hypotheses)
    order = np.argsort(-scores, kind="stable")
    kept = [int(i) for rank, i in enumerate(order) if rank < RANKED or family[i] <= evidence.alpha]
    ranked = tuple(
        DeviceScore(
            device=candidates.devices[i],
            copy=candidates.copies[i],
            score=float(scores[i]),
            p_value=float(p_values[i]),
            family_wise_p=float(family[i]),
            named=bool(family[i] <= evidence.alpha),
        )
        for i in kept
    )
    return Verdict(
        release=evidence.release,
        scheme=evidence.scheme,
        kind=evidence.kind,
        probes=evidence.probes,
        bits=int(evidence.values.size),
        devices=hypotheses,
        alpha=evidence.alpha,
        threshold=statistics.threshold(evidence.alpha, hypotheses),
        observation_digest=evidence.observation_digest,
        ranked=ranked,
    )
