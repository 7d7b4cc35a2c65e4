"""Every verdict that is made or read is logged: whoever uses the service as an oracle leaves a trail.

Whoever lacks the scope `investigate` gets a coarse verdict: who is named, and no score, which would tell a thief how
much of the signature is left.
"""

from fastapi import Request

from api.evidence import Verdict
from api.telemetry import CALLER
from registry.records import Principal, Scope


def note(request: Request, verdict: Verdict, *, weighed_in: float | None = None) -> None:
    """A line in the log and a count; `weighed_in` are the seconds of weighing, where nothing else was waited for."""
    metrics, log = request.app.state.metrics, request.app.state.log
    metrics.verdicts.labels(verdict.kind, "unknown source" if verdict.unknown_source else "named").inc()
    if weighed_in is not None:
        metrics.weighing.observe(weighed_in)
    tenant, key = request.scope[CALLER]
    entry = verdict.log.entry_index
    log.info("verdict", case=verdict.case_id, kind=verdict.kind, entry=entry, tenant=tenant, key=key)


def shown(request: Request, verdict: Verdict, caller: Principal) -> Verdict:
    """The verdict as the caller may see it; that it was read is logged."""
    coarse = Scope.INVESTIGATE not in caller.scopes
    log, tenant, key = request.app.state.log, caller.tenant, caller.key_id
    log.info("verdict read", case=verdict.case_id, coarse=coarse, tenant=tenant, key=key)
    return verdict.model_copy(update={"ranked": []}) if coarse else verdict
