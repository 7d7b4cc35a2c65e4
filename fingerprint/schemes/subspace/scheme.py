"""`subspace`, the default: hundreds of input-dependent carriers in whitened features times class directions.

shift_d(x) = eps sigma_z M_d h(x) / sqrt(k)                      (fingerprint.carriers)
y = R^T sum_j w_j y_j / |y_j|                                    (fingerprint.estimators, fingerprint.pool)
t_d = <c_d, y> / |y|,   P(t_d >= t) <= statistics.tail_bound(t)  for every fixed y
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint import statistics
from fingerprint.carriers import signature_matrix
from fingerprint.errors import ParameterError
from fingerprint.estimators.regression import regression_evidence
from fingerprint.estimators.residual import residual_evidence
from fingerprint.estimators.score import score_evidence
from fingerprint.observation import Kind, Observation
from fingerprint.pool import BASE, REGRESSION, REGRESSION_RIDGE, RESIDUAL, Term
from fingerprint.schemes.base import Floats, Kit, Pack, Settings


@dataclass(frozen=True, slots=True)
class Subspace:
    """The default scheme."""

    name: str = "subspace"
    version: int = 1
    statistic: str = "t = <c, y> / |y|"
    bound: str = statistics.BOUND_NAME
    scores_inputs: bool = False

    def bits(self, *, classes: int, components: int, settings: Settings) -> int:  # noqa: ARG002 - same for all schemes
        """L = (C-1) k."""
        return (classes - 1) * components

    def greatest_score(self, *, classes: int, bits: int) -> float:  # noqa: ARG002 - same for all schemes
        """sqrt(L), reached when the evidence is the codeword."""
        return float(np.sqrt(bits))

    def check(self, pack: Pack) -> None:
        """Features of one component or more, and a pool that weighs every kind of answer with known references."""
        if pack.components < 1:
            raise ParameterError("the subspace scheme needs one component or more")
        if set(pack.pool) != set(Kind) or not all(map(_reads_coarse, pack.pool.values())):
            raise ParameterError(f"the pool must weigh every kind of answer, coarse ones too: {', '.join(Kind)}")
        named = {term.reference for terms in pack.pool.values() for term in terms}
        if not named <= set(pack.references):
            unknown = sorted(named - set(pack.references))
            raise ParameterError(f"the pool weighs references that the pack lacks: {unknown}")
        terms = {term for terms in pack.pool.values() for term in terms}
        if pack.expressed is None and any(term.features == BASE for term in terms):
            raise ParameterError("the pool reads what the base expresses, and the pack does not hold it")
        if any(len(pack.rows(part)) < 2 for part in {term.part for term in terms}):
            raise ParameterError("the pool reads a part of the probes that holds fewer than two of them")

    def shift(
        self,
        kit: Kit,
        codeword: ArrayLike,
        *,
        inputs: ArrayLike,  # noqa: ARG002 - same for all schemes
        logits: ArrayLike,  # noqa: ARG002 - same for all schemes
        whitened: ArrayLike,
    ) -> Floats:
        """S_d h(x), (n, C)."""
        return np.asarray(np.asarray(whitened) @ signature_map(kit, codeword).T)

    def head_change(self, kit: Kit, codeword: ArrayLike) -> tuple[Floats, Floats]:
        """S_d A^T: a rank-k edit."""
        if kit.minting is None:
            raise ParameterError("this release has no minting base; distil the copy instead")
        change = signature_map(kit, codeword) @ kit.minting.T
        return change[:, :-1], change[:, -1]

    def gather(self, pack: Pack, observation: Observation) -> Floats:
        """The pooled evidence, rotated back to codeword order, (L,)."""
        pooled = np.zeros(pack.rotation.length)
        for term in pack.pool[observation.kind]:
            if term.reads_small_probabilities and not observation.fine:
                continue
            estimate = _estimate(pack, observation, term).ravel()
            size = float(np.linalg.norm(estimate))
            if size > 0:
                pooled += term.weight * estimate / size
        return pack.rotation.inverse(pooled)


def _reads_coarse(terms: tuple[Term, ...]) -> bool:
    return any(not term.reads_small_probabilities for term in terms)


def signature_map(kit: Kit, codeword: ArrayLike) -> Floats:
    """S_d = eps sigma_z M_d / sqrt(k), float64 (C, k)."""
    matrix = signature_matrix(codeword, rotation=kit.rotation, classes=kit.classes)
    return np.asarray(kit.strength * kit.sigma / np.sqrt(kit.whitening.components) * matrix)


def _estimate(pack: Pack, observation: Observation, term: Term) -> NDArray[np.float64]:
    rows = pack.rows(term.part)
    held = pack.expressed if term.features == BASE and pack.expressed is not None else pack.features
    features, reference = held[rows].astype(np.float64), pack.references[term.reference][rows].astype(np.float64)
    if term.estimator == RESIDUAL:
        return residual_evidence(observation.log_probabilities[rows], features=features, reference=reference)
    if term.estimator == REGRESSION:
        answers = observation.log_probabilities[rows]
        return regression_evidence(answers, expressed=features, reference=reference, ridge=REGRESSION_RIDGE)
    answers = observation.probabilities if term.temperature == 1 else observation.tempered(term.temperature)
    return score_evidence(
        answers[rows],
        features=features,
        reference=reference,
        ridge=pack.ridge,
        reported=observation.reported[rows],
    )
