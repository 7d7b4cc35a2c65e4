"""Naming the members of a coalition in rounds, with one false-accusation probability over all of them.

1. Evidence y is fixed, blind (`fingerprint.verify.gather`).
2. Round r spends alpha 2^-r. Weights come from y, the bias and the codewords of the copies named before (stops
   weights that peek at whom they will judge).
3. Every copy not yet named is scored; those whose family-wise tail is under the round's alpha are named.
4. Rounds end when one names nobody, or after `ROUNDS`.

Why the sum of the rounds' alphas bounds the whole. Think of the path on which only true members are named: its round
r uses y and members' codewords alone, of which an innocent's codeword is independent, so an innocent passes it with
probability at most alpha 2^-r. The real procedure leaves that path only when an innocent passes one of its rounds, and
the union bound over rounds gives alpha (1/2 + 1/4 + ...) <= alpha.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import statistics
from fingerprint.errors import ParameterError, WrongRelease
from fingerprint.evidence import Evidence
from fingerprint.tracing.bias import Bias
from fingerprint.tracing.scores import CATALOGUE, Score
from fingerprint.tracing.tail import Tail, on_lattice
from fingerprint.verdict import DeviceScore, Verdict
from fingerprint.verify import RANKED, Candidates

ROUNDS = 10
_ROWS = 65_536
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round.

    Attributes:
        number: 1, 2, ...
        alpha: what it spent.
        threshold: standardised score that named a copy in it; infinite when no codeword could have reached it.
        named: copies named in it, best first.
    """

    number: int
    alpha: float
    threshold: float
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoalitionVerdict:
    """Who of all N is named, and how.

    Attributes:
        verdict: every copy with its best score over the rounds and its family-wise p over all rounds.
        score: name of the score.
        rounds: in order.
    """

    verdict: Verdict
    score: str
    rounds: tuple[Round, ...]


@dataclass(slots=True)
class _State:
    scores: Floats  # standardised, of the round that decided the copy or of the last one
    p_values: Floats
    family: Floats
    named: NDArray[np.bool_]
    rounds: list[Round]


def trace_coalition(
    evidence: Evidence,
    candidates: Candidates,
    *,
    bias: Bias,
    score: Score | None = None,
    tests: int | None = None,
) -> CoalitionVerdict:
    """Whose copies are in the suspect.

    Args:
        evidence: y, fixed.
        candidates: codewords of the same release, drawn with `bias`.
        bias: p of the release; `uniform(L)` for the codewords of `fingerprint.codeword`.
        score: the log-likelihood ratio when not given.
        tests: number of hypotheses, at least N; N when not given.

    Raises:
        WrongRelease: codewords of another release.
        ParameterError: lengths that differ, or fewer tests than candidates.
    """
    chosen = score or CATALOGUE["llr"]
    count = len(candidates.devices)
    hypotheses = max(count, 1) if tests is None else tests
    _check(evidence, candidates, bias, hypotheses)
    state = _State(np.zeros(count), np.ones(count), np.ones(count), np.zeros(count, dtype=np.bool_), [])
    for number in range(1, ROUNDS + 1):
        if not _play(state, evidence, candidates, bias, chosen, number, hypotheses):
            break
    verdict = _verdict(state, evidence, candidates, hypotheses)
    return CoalitionVerdict(verdict=verdict, score=chosen.name, rounds=tuple(state.rounds))


def _check(evidence: Evidence, candidates: Candidates, bias: Bias, hypotheses: int) -> None:
    if candidates.release != evidence.release:
        raise WrongRelease(f"codewords of release {candidates.release} against evidence of {evidence.release}")
    if not evidence.values.size == bias.length == candidates.codewords.shape[1]:
        raise ParameterError(f"evidence, bias and codewords of lengths {evidence.values.size}, {bias.length} differ")
    if hypotheses < max(len(candidates.devices), 1):
        raise ParameterError(f"{hypotheses} tests declared for {len(candidates.devices)} candidates; each is a test")


def _play(
    state: _State,
    evidence: Evidence,
    candidates: Candidates,
    bias: Bias,
    score: Score,
    number: int,
    hypotheses: int,
) -> bool:
    """One round; whether it named anybody."""
    share = 2.0**-number
    members = candidates.codewords[state.named]
    tail = Tail(weights=on_lattice(score.weights(evidence.values, bias, members)), bias=bias)
    sums = _sums(candidates.codewords, tail.weights)
    p_values = tail.probability(sums)
    family = np.minimum(1.0, statistics.family_wise(p_values, hypotheses) / share)
    open_ = ~state.named
    new = open_ & (family <= evidence.alpha)
    state.scores[open_] = tail.standardised(sums)[open_]
    better = open_ & (family < state.family)
    state.p_values[better], state.family[better] = p_values[better], family[better]
    state.named |= new
    found = [int(i) for i in np.argsort(-state.scores, kind="stable") if new[i]]
    least = tail.threshold(statistics.single_alpha(evidence.alpha * share, hypotheses))
    state.rounds.append(
        Round(
            number=number,
            alpha=evidence.alpha * share,
            threshold=float(tail.standardised(least)) if least <= tail.reach else float("inf"),
            named=tuple(candidates.copies[i] for i in found),
        )
    )
    return bool(found)


def _sums(codewords: NDArray[np.int8], weights: NDArray[np.int64]) -> NDArray[np.int64]:
    # whole numbers far below 2^53: float products and sums are exact, and BLAS does them
    w = weights.astype(np.float64)
    parts = [codewords[i : i + _ROWS].astype(np.float64) @ w for i in range(0, len(codewords), _ROWS)]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)


def _verdict(state: _State, evidence: Evidence, candidates: Candidates, hypotheses: int) -> Verdict:
    order = np.argsort(-state.scores, kind="stable")
    kept = [int(i) for rank, i in enumerate(order) if rank < RANKED or state.named[i]]
    ranked = tuple(
        DeviceScore(
            device=candidates.devices[i],
            copy=candidates.copies[i],
            score=float(state.scores[i]),
            p_value=float(state.p_values[i]),
            family_wise_p=float(state.family[i]),
            named=bool(state.named[i]),
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
        threshold=min(state.rounds[-1].threshold, float(np.finfo(np.float64).max)),
        observation_digest=evidence.observation_digest,
        ranked=ranked,
    )
