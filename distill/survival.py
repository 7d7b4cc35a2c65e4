"""One row of the survival table: an attacked copy, the form in which it answers, and what is left of its signature.

The same recipe as in production: observe, gather without a codeword, judge among a stated number of devices.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from distill.errors import SettingsError
from distill.transforms.base import OBSERVATIONS
from fingerprint import schemes
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.schemes.scoring import scoring
from fingerprint.verify import Candidates, Evidence, gather, judge

DEVICES = 1_000_000  # hypotheses that every family-wise figure accounts for
TOP = 3
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What verification said of one suspect in one form of answer.

    Attributes:
        score: of the suspect's own device, the best one when it came from several or from none.
        max_score: the greatest score there can be; None for a scheme whose score has no bound.
        family_wise_p: of that device, among 10^6.
        named_correctly: a true device is named and no other; for a suspect of nobody's, that nobody is named.
        ber: share of payload bits that the evidence says wrongly; None for a suspect of nobody's and without bits.
        fer: whether another enrolled device scores as high as a true one, 0 or 1; None for a suspect of nobody's.
        probes: answers used.
    """

    score: float
    max_score: float | None
    family_wise_p: float
    named_correctly: bool
    ber: float | None
    fer: float | None
    probes: int


def answers(logits: Floats, observation: str) -> tuple[str, NDArray[Any]]:
    """Kind of answer and values of a suspect that would give these logits, (n, C).

    Raises:
        SettingsError: not one of `OBSERVATIONS`.

    Example:
        >>> answers(np.array([[0.0, 2.0, 1.0, -1.0]]), "labels")
        ('labels', array([1]))
    """
    match observation:
        case "logits":
            return "logits", logits
        case "logprobs":
            return "logprobs", log_softmax(logits, axis=1)
        case "probs":
            return "probs", softmax(logits, axis=1)
        case "top3":
            return "top_k", _top(softmax(logits, axis=1))
        case "labels":
            return "labels", logits.argmax(axis=1)
        case _:
            raise SettingsError(f"observation {observation!r} is none of {', '.join(OBSERVATIONS)}")


def read(
    pack: VerifierPack, candidates: Candidates, logits: Floats, *, observation: str, truth: frozenset[str]
) -> Reading:
    """Verify one suspect's answers to the pack's probes.

    Args:
        pack: of the release.
        candidates: every enrolled device.
        logits: the suspect's, (n, C).
        observation: one of `OBSERVATIONS`.
        truth: devices whose copies it came from; empty for none.
    """
    kind, values = answers(logits, observation)
    evidence = gather(pack, observe(kind, values, probes=pack.count, classes=pack.classes))
    verdict = judge(evidence, candidates, tests=max(DEVICES, len(candidates.devices)))
    own = [row for row in verdict.ranked if row.device in truth] or list(verdict.ranked)
    others = [row.score for row in verdict.ranked if row.device not in truth]
    named = set(verdict.named)
    codeword = candidates.codewords[candidates.devices.index(own[0].device)]
    rules = schemes.scheme(pack.scheme)
    return Reading(
        score=own[0].score,
        max_score=rules.greatest_score(classes=pack.classes, bits=pack.bits),
        family_wise_p=own[0].family_wise_p,
        named_correctly=bool(named) and named <= truth if truth else not named,
        ber=_bit_errors(pack, evidence, codeword) if truth else None,
        fer=float(max(others, default=-np.inf) >= own[0].score) if truth else None,
        probes=evidence.probes,
    )


def fields(reading: Reading) -> dict[str, Any]:
    """The reading as plain values."""
    return asdict(reading)


def _bit_errors(pack: VerifierPack, evidence: Evidence, codeword: NDArray[np.int8]) -> float | None:
    rules = scoring(pack.scheme)
    said = rules.decoded(evidence)
    if said is None:
        return None
    return float((said != rules.payload(codeword[None], classes=pack.classes)[0]).mean())


def _top(probabilities: Floats) -> Floats:
    least = np.sort(probabilities, axis=1)[:, -TOP][:, None]
    return np.where(probabilities >= least, probabilities, 0.0)
