"""Every verdict is logged and counted: whoever uses the service as an oracle leaves a trail."""

from fastapi import Request

from api.evidence import Verdict
from api.telemetry import CALLER


def note(request: Request, verdict: Verdict, *, weighed_in: float | None = None) -> None:
    """A line in the log and a count; `weighed_in` are the seconds of weighing, where nothing else was waited for."""
    metrics, log = request.app.state.metrics, request.app.state.log
    metrics.verdicts.labels(verdict.kind, "unknown source" if verdict.unknown_source else "named").inc()
    if weighed_in is not None:
        metrics.weighing.observe(weighed_in)
    tenant, key = request.scope[CALLER]
    entry = verdict.log.entry_index
    log.info("verdict", case=verdict.case_id, kind=verdict.kind, entry=entry, tenant=tenant, key=key)
