"""From a suspect's answers to a recorded verdict: a numbered recipe.

| step | what | what it stops |
|---|---|---|
| 1 | the case is open, and no other job took looks about it | deciding a case twice, spending alpha twice |
| 2 | the release's pack is loaded, its digest that of the commitment | probes or references chosen after the fact |
| 3 | the answers become an observation | malformed, infinite, constant or mis-sized answers |
| 4 | the observation becomes evidence y; no codeword is in reach | evidence fitted to a device: the theorem's premise |
| 5 | only now the codewords come in; those not in memory yet are unsealed | |
| 6 | every codeword is judged, corrected for all devices and copies there ever were | trying many and reporting one |
| 7 | the verdict is appended to the log and recorded with its case and answers | losing or changing a verdict |

Steps 1 to 6 (`weigh`) only read and may take seconds; step 7 (`settle`) writes. A service runs them in two units, so
that no writer waits for arithmetic; `verify_case` runs all seven in one.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from fingerprint.identify import SCHEMES, judge_packed
from fingerprint.observation import observe
from fingerprint.sequential import evidence_at
from fingerprint.statistics import Look
from fingerprint.verdict import Verdict
from fingerprint.verify import Evidence, gather, judge
from registry.records import RecordedVerdict
from registry.service import Registry

Step = Callable[[str], AbstractContextManager[object]]


def _untold(_name: str) -> AbstractContextManager[object]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A verdict not recorded yet, with the case it belongs to."""

    tenant: str
    case_id: str
    job: str | None
    observation_digest: str
    verdict: Verdict = field(repr=False)
    answers: bytes = field(repr=False)


def weigh(
    registry: Registry,
    tenant: str,
    case_id: str,
    *,
    kind: str,
    answers: NDArray[Any],
    look: Look | None = None,
    job: str | None = None,
    step: Step = _untold,
) -> Weighed:
    """Steps 1 to 6: what the answers say about every issued or reserved copy of the case's release.

    Args:
        registry: any unit, a reading one included.
        tenant: id of the tenant.
        case_id: an open case.
        kind: `logits`, `logprobs`, `probs` or `labels`.
        answers: (n, C) floats or (n,) labels, in the order of the release's probes.
        look: the look of the release's plan that this is, over its first probes only and at its part of alpha.
        job: the job that got the answers; None for answers that were sent.
        step: told of each step that may take its time; it lasts as long as the context.

    Raises:
        UnknownCase: no such case.
        CaseDecided: it has its verdict.
        LooksTaken: another job took looks of the plan about it; whoever saw nobody named would be judged once more.
        ObservationError: the answers cannot be used; its subclass says why.
    """
    # 1. The case is open, and alpha is not spent on it yet.
    case = registry.decidable(tenant, case_id, job=job)
    # 2. The pack, as committed.
    with step("pack"):
        pack = registry.pack(tenant, case.release)
    # 3. The observation.
    asked = pack.count if look is None else look.probes
    with step("observation"):
        observation = observe(kind, answers, probes=asked, classes=pack.classes)
    # 4. The evidence, before any codeword is unsealed.
    with step("evidence"):
        evidence = gather(pack, observation) if look is None else evidence_at(pack, look, kind=kind, answers=answers)
    # 5 and 6. The codewords and the judgement.
    with step("judgement"):
        verdict = _judge(registry, tenant, case.release, evidence)
    return Weighed(
        tenant=tenant,
        case_id=case_id,
        job=job,
        observation_digest=observation.digest,
        verdict=verdict,
        answers=observation.to_bytes(),
    )


def _judge(registry: Registry, tenant: str, release: str, evidence: Evidence) -> Verdict:
    """Steps 5 and 6: over every device ever enrolled and every copy ever reserved, forgotten ones included.

    Whoever could reserve copies, look at their scores and forget the others would have tried many and shown one.
    """
    tried = max(registry.enrolled(tenant), registry.reserved(tenant, release), 1)
    if evidence.scheme in SCHEMES:
        book = registry.codebook(tenant, release)
        return judge_packed(evidence, book.codewords, book.label, tests=tried)
    candidates = registry.candidates(tenant, release)
    return judge(evidence, candidates, tests=tried)


def settle(registry: Registry, weighed: Weighed) -> RecordedVerdict:
    """Step 7: the verdict in the log and with its case.

    Raises:
        CaseDecided: somebody decided the case in the meantime; nothing was recorded.
        LooksTaken: another job took a look in the meantime; nothing was recorded.
    """
    # 7. The record.
    return registry.record_verdict(
        weighed.tenant,
        weighed.case_id,
        weighed.verdict,
        observation_digest=weighed.observation_digest,
        answers=weighed.answers,
        job=weighed.job,
    )


def verify_case(registry: Registry, tenant: str, case_id: str, *, kind: str, answers: NDArray[Any]) -> RecordedVerdict:
    """All seven steps in one writing unit; see `weigh` and `settle` for arguments and errors."""
    return settle(registry, weigh(registry, tenant, case_id, kind=kind, answers=answers))
