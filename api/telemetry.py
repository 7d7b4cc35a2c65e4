"""One line and one measurement for each request: who, what, how it ended, how long it took.

Lines are JSON on standard error. They hold ids and addresses as routes (`/v1/devices/{name}`), never a query, a body, a
token, probes or answers; `redacted` is the second line of defence for whoever logs more later.
"""

import time
from collections.abc import MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.request_ids import request_id
from api.tracing import NoSpan, Span, Tracer, named, traced, with_trace_id

CALLER = "countermark.caller"
"""Key of the ASGI scope under which the authenticated caller's tenant and key id stand."""

_SECRET = ("token", "authorization", "password", "secret", "codeword", "kek", "probes", "answers", "outputs", "helper")
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FAILED = 500
_UNTRACED = ("/livez", "/readyz", "/metrics")


def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: fields whose name promises a secret lose their value.

    Example:
        >>> dict(redacted(None, "info", {"event": "x", "device_token": "hush"}))
        {'event': 'x', 'device_token': '[redacted]'}
    """
    for name in event:
        if any(word in name.lower() for word in _SECRET):
            event[name] = "[redacted]"
    return event


def logger(stream: TextIO | None) -> Any:
    """A logger of JSON lines, or of none without a stream; its configuration is its own, nothing global is touched."""
    return structlog.wrap_logger(
        structlog.ReturnLogger() if stream is None else structlog.PrintLogger(stream),
        processors=[
            structlog.contextvars.merge_contextvars,
            with_trace_id,
            redacted,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.BoundLogger,
    )


class Metrics:
    """What Prometheus reads; each application has its own, so that two in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "countermark_requests",
            "Requests by route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "countermark_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS, registry=self._registry
        )
        self.verdicts = Counter(
            "countermark_verdicts",
            "Verdicts by kind of answer and outcome.",
            ("kind", "outcome"),
            registry=self._registry,
        )
        self.weighing = Histogram(
            "countermark_verdict_seconds", "Time from answers to verdict.", buckets=_BUCKETS, registry=self._registry
        )
        self.throttle_failures = Counter(
            "countermark_throttle_failures",
            "Rate limits not applied because their store failed.",
            registry=self._registry,
        )
        self.witness_failures = Counter(
            "countermark_witness_failures",
            "Witnesses that were asked and did not cosign, by name in the policy.",
            ("witness",),
            registry=self._registry,
        )
        self.witnessed_size = Gauge(
            "countermark_witnessed_size",
            "Entries under the newest checkpoint that every witness of the policy cosigned.",
            registry=self._registry,
        )

    def exposition(self) -> bytes:
        """All of them in Prometheus's text format."""
        return generate_latest(self._registry)


class Telemetry:
    """ASGI middleware that logs, measures and traces each request, whatever becomes of it.

    Args:
        app: what serves it.
        log: where its line goes.
        metrics: where it is counted.
        tracer: where its spans go, if anywhere.
    """

    def __init__(self, app: ASGIApp, *, log: Any, metrics: Metrics, tracer: Tracer | None = None) -> None:
        self._app = app
        self._log = log
        self._metrics = metrics
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and say how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with traced(self._tracer), self._span(scope) as found:
            await self._serve(scope, receive, send, found)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, found: Span) -> None:
        started, status = time.perf_counter(), _FAILED

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._note(scope, status, time.perf_counter() - started, found)

    def _span(self, scope: Scope) -> AbstractContextManager[Span]:
        """A span that goes on with the caller's trace (W3C Trace Context), if its headers name one."""
        if self._tracer is None or scope["path"] in _UNTRACED:
            return nullcontext(NoSpan())
        attributes = named({"http_request_method": scope["method"], "request_id": request_id(scope)})
        return self._tracer.span(scope["method"], attributes, carrier=Headers(scope=scope))

    def _note(self, scope: Scope, status: int, seconds: float, found: Span) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if route != "none" else "other"  # whoever asks for nonsense makes no new series
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        tenant, key = scope.get(CALLER, (None, None))
        found.rename(f"{method} {route}")
        found.set(http_route=route, http_response_status_code=status, tenant=tenant, key=key)
        self._log.info(
            "request",
            request_id=request_id(scope),
            method=scope["method"],
            route=route,
            status=status,
            seconds=round(seconds, 6),
            tenant=tenant,
            key=key,
        )
