"""From answers to the evidence of each scheme. Nothing here can receive a codeword."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.observation import Observation
from fingerprint.replay.carriers import rotated_back
from fingerprint.replay.estimates import estimate
from fingerprint.replay.release import CLEAN, Release
from fingerprint.replay.static_decoder import soft_bits
from fingerprint.softmax import softmax

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered:
    """The evidence of one suspect, fixed before any codeword is seen.

    Attributes:
        release: as the look that decides sees it.
        values: y (L,) of `subspace`; C - 1 soft bits of `static`; probabilities of answers and reference (2, n, C) of
            `cosine`.
        observation: digest of the answers.
    """

    release: Release
    values: Floats
    observation: str


def gather(release: Release, observation: Observation) -> Gathered:
    """The evidence of checked answers to the release's probes."""
    values = _OF_SCHEME[release.scheme](release, observation)
    return Gathered(release=release, values=values, observation=observation.digest)


def _pooled(release: Release, observation: Observation) -> Floats:
    """y = R^T sum_j w_j y_j / |y_j|, (L,)."""
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


def _soft_bits(release: Release, observation: Observation) -> Floats:
    return soft_bits(release.tensors, observation, release.references[CLEAN].astype(np.float64))


def _probabilities(release: Release, observation: Observation) -> Floats:
    return np.stack([observation.probabilities, softmax(release.references[CLEAN].astype(np.float64))])


_OF_SCHEME: dict[str, Callable[[Release, Observation], Floats]] = {
    "subspace": _pooled,
    "static": _soft_bits,
    "cosine": _probabilities,
}
