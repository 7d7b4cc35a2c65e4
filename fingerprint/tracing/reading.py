"""Reading minted copies through their base: evidence with the features that the base can express.

The verifier pack holds h, the teacher's whitened features. A minted copy carries e = [g 1] A instead, the base's
approximation of h. Estimates against the base with e see the signature in full; estimates against clean students with h
serve distilled and second-hand copies. They are pooled with weights fixed here, so the theorem stays as it is.

| answers | pool |
|---|---|
| logits, logprobs | regression(base, e, 0.1) + score(base, e, 0.1) + residual(clean, h) / 2 + score(clean, h) / 2 |
| probs | score(base, e, 0.3) + score(clean, h, 0.3) |
| labels | score(base, e, 1) + score(clean, h, 1) |
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError, ProbeCountMismatch, WrongShape
from fingerprint.estimators.regression import regression_evidence
from fingerprint.estimators.residual import residual_evidence
from fingerprint.estimators.score import score_evidence
from fingerprint.evidence import Evidence
from fingerprint.observation import Kind, Observation
from fingerprint.pack import VerifierPack

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a release with minted copies is read with, besides its pack.

    Attributes:
        pack: verifier pack with references `base` and `clean`.
        expressed: e of the base on the pack's probes, float32 (n, k), finite.

    Raises:
        ParameterError: a pack without these references, or another shape.
    """

    pack: VerifierPack
    expressed: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.expressed.shape != self.pack.features.shape or not np.isfinite(self.expressed).all():
            raise ParameterError(f"expressed features of shape {self.expressed.shape}; need {self.pack.features.shape}")
        missing = {"base", "clean"} - set(self.pack.references)
        if missing:
            raise ParameterError(f"the pack has no reference {', '.join(sorted(missing))}; prepare it with a base")


def gather_minted(reading: Reading, observation: Observation) -> Evidence:
    """The pooled evidence, blind: no codeword can be passed.

    Raises:
        ProbeCountMismatch, WrongShape: the observation was checked against another release.
    """
    pack = reading.pack
    if observation.count != pack.count:
        raise ProbeCountMismatch(f"{observation.count} answers for a release of {pack.count} probes")
    if observation.classes != pack.classes:
        raise WrongShape(f"answers over {observation.classes} classes for a release of {pack.classes}")
    pooled = np.zeros(pack.bits)
    for weight, estimate in _estimates(reading, observation):
        size = float(np.linalg.norm(estimate))
        if size > 0:
            pooled += weight * estimate.ravel() / size
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


def _estimates(reading: Reading, observation: Observation) -> list[tuple[float, Floats]]:
    base, clean = (reading.pack.references[name].astype(np.float64) for name in ("base", "clean"))
    e, h = reading.expressed.astype(np.float64), reading.pack.features.astype(np.float64)

    def score(features: Floats, reference: Floats, ridge: float) -> Floats:
        return score_evidence(observation.probabilities, features=features, reference=reference, ridge=ridge)

    match observation.kind:
        case Kind.LABELS:
            return [(1.0, score(e, base, 1.0)), (1.0, score(h, clean, 1.0))]
        case Kind.PROBS:
            return [(1.0, score(e, base, 0.3)), (1.0, score(h, clean, 0.3))]
        case _:
            told = observation.log_probabilities
            return [
                (1.0, regression_evidence(told, expressed=e, reference=base, ridge=0.1)),
                (1.0, score(e, base, 0.1)),
                (0.5, residual_evidence(told, features=h, reference=clean)),
                (0.5, score(h, clean, 0.3)),
            ]
