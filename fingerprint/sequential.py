"""Verification in looks: ask the first 500 probes, judge, and ask more only if nobody could be named.

1. The plan was committed with the release (`statistics.SequentialPlan`), before any suspect was seen.
2. At each look the suspect is asked the probes up to the plan's count, in the pack's order, and nothing else.
3. Evidence y of the look is gathered from all answers so far; no codeword takes part.
4. `judge` at the look's part of alpha. Somebody is named: stop. Nobody: next look.

Probability of naming any innocent over all looks: at most the plan's alpha (argued in `statistics.sequential`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint.errors import ParameterError, WrongRelease
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.statistics import Look, SequentialPlan
from fingerprint.verdict import Verdict
from fingerprint.verify import Candidates, Evidence, gather, judge

Ask = Callable[[NDArray[np.float32]], ArrayLike]  # probes (m, ...) -> answers (m, C), or (m,) labels


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedVerdict:
    """The verdict of the look that decided.

    Attributes:
        verdict: its alpha is the look's part of the plan's alpha, its probes are those asked.
        looks: how many looks were taken.
        plan: digest of the plan.
    """

    verdict: Verdict
    looks: int
    plan: str


def verify_in_looks(
    pack: VerifierPack,
    plan: SequentialPlan,
    ask: Ask,
    *,
    kind: str,
    candidates: Candidates,
    tests: int | None = None,
) -> LookedVerdict:
    """Ask and judge, look by look, until a device is named or the plan ends.

    Args:
        pack: the release's verifier pack.
        plan: committed with that release.
        ask: sends probes to the suspect, in order; called once per look with the probes not asked yet.
        kind: kind of answer, the same at every look.
        candidates: the copies' codewords.
        tests: number of hypotheses, at least the number of candidates.

    Raises:
        WrongRelease: the plan or the codewords belong to another release.
        ParameterError: the plan asks more probes than the pack has, or fewer tests than candidates.
        fingerprint.errors.ObservationError: answers that cannot be used.
    """
    if plan.release != pack.release_id:
        raise WrongRelease(f"a plan of release {plan.release} for a pack of release {pack.release_id}")
    if plan.looks[-1].probes > pack.count:
        raise ParameterError(f"the plan asks {plan.looks[-1].probes} probes; the pack has {pack.count}")
    answers: list[NDArray[Any]] = []
    asked = 0
    looks = 0
    for look in plan.looks:
        looks += 1
        answers.append(np.asarray(ask(pack.probes[asked : look.probes])))
        asked = look.probes
        evidence = evidence_at(pack, look, kind=kind, answers=np.concatenate(answers))
        verdict = judge(evidence, candidates, tests=tests)
        if verdict.named:
            break
    return LookedVerdict(verdict=verdict, looks=looks, plan=plan.digest)


def evidence_at(pack: VerifierPack, look: Look, *, kind: str, answers: ArrayLike) -> Evidence:
    """The evidence of the first probes of a pack, at the look's alpha. Cannot receive a codeword.

    Raises:
        fingerprint.errors.ObservationError: answers that cannot be used.
    """
    head = pack.first(look.probes)
    observation = observe(kind, answers, probes=look.probes, classes=pack.classes)
    return replace(gather(head, observation), release=pack.release_id, alpha=look.alpha)
