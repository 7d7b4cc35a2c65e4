"""Verification, a numbered recipe. Steps 1 to 3 cannot see a codeword: no type in their signatures can hold one.

1. `observe`   the suspect's answers are checked and stated      (fingerprint.observation; stops malformed answers)
2. `gather`    what the release's scheme makes of them, weights fixed with it  (stops picking the best score afterwards)
3. `Evidence`  its values and the answers' digest are fixed
4. `judge`     only now codewords come in: the scheme's score for all N; `subspace`: t_d = <c_d, y> / |y|
5.             p_d by the scheme's theorem, family-wise over at least N hypotheses (stops "many devices, some must fit")
6.             devices with family-wise p <= alpha are named; otherwise the source is unknown
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import schemes
from fingerprint.errors import ParameterError, ProbeCountMismatch, WrongRelease, WrongShape
from fingerprint.evidence import Evidence
from fingerprint.observation import Observation
from fingerprint.pack import VerifierPack
from fingerprint.schemes.scoring import scoring
from fingerprint.verdict import DeviceScore, Verdict

__all__ = ["RANKED", "Candidates", "Evidence", "conclude", "gather", "judge"]
RANKED = 100  # a verdict lists at most this many devices, and every named one


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
    """Steps 2 and 3: the scheme's evidence, fixed.

    Raises:
        ProbeCountMismatch, WrongShape: the observation was checked against another release.
    """
    if observation.count != pack.count:
        raise ProbeCountMismatch(f"{observation.count} answers for a release of {pack.count} probes")
    if observation.classes != pack.classes:
        raise WrongShape(f"answers over {observation.classes} classes for a release of {pack.classes}")
    rules = schemes.scheme(pack.scheme)
    values = rules.gather(pack, observation)
    values.setflags(write=False)
    return Evidence(
        release=pack.release_id,
        values=values,
        kind=str(observation.kind),
        probes=observation.count,
        scheme=pack.scheme,
        alpha=pack.alpha,
        observation_digest=observation.digest,
        inputs=_flat(pack.probes) if rules.scores_inputs else None,
        settings={**pack.settings, "bits": pack.bits},
    )


def _flat(probes: NDArray[np.float32]) -> NDArray[np.float64]:
    return probes.reshape(len(probes), -1).astype(np.float64)


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
    found = scoring(evidence.scheme).score(evidence, candidates.codewords, tests=hypotheses)
    scores, family = found.scores, found.family_wise
    order = np.argsort(-scores, kind="stable")
    kept = [int(i) for rank, i in enumerate(order) if rank < RANKED or family[i] <= evidence.alpha]
    ranked = [
        DeviceScore(
            device=candidates.devices[i],
            copy=candidates.copies[i],
            score=float(scores[i]),
            p_value=float(found.p_values[i]),
            family_wise_p=float(family[i]),
            named=bool(family[i] <= evidence.alpha),
        )
        for i in kept
    ]
    return conclude(evidence, ranked, tests=hypotheses, threshold=found.threshold)


def conclude(evidence: Evidence, ranked: Sequence[DeviceScore], *, tests: int, threshold: float) -> Verdict:
    """The verdict that these scores, the best ones first, give."""
    return Verdict(
        release=evidence.release,
        scheme=evidence.scheme,
        kind=evidence.kind,
        probes=evidence.probes,
        bits=evidence.bits,
        devices=tests,
        alpha=evidence.alpha,
        threshold=threshold,
        observation_digest=evidence.observation_digest,
        ranked=tuple(ranked),
    )
