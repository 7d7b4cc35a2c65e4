"""Spans: what took how long, for OpenTelemetry, where the operator configures it; otherwise nothing is done.

Spans are made with `span`, which finds the tracer of the request or step that it runs in. OpenTelemetry itself is
imported by `api.otel` alone, and that only where it is configured.

Attributes are few and plain: ids, routes, counts, names of adapters. `ALLOWED` lists all of them, and another one is an
error, so that no key, codeword, credential or answer gets into a span by accident. Exceptions are told by their class.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Protocol

ALLOWED = frozenset({
    "http.request.method", "http.route", "http.response.status_code", "server.address", "server.port", "url.scheme",
    "countermark.request_id", "countermark.tenant", "countermark.key", "countermark.case", "countermark.job",
    "countermark.step", "countermark.probes", "countermark.adapter", "countermark.kind",
})  # fmt: skip
_WHOLE = {name.removeprefix("countermark.").replace(".", "_"): name for name in ALLOWED}
Value = str | int | float | bool


class TracingUnusable(Exception):
    """Traces are configured, and cannot be made."""


class Span(Protocol):
    """A span under way."""

    def set(self, **attributes: Value | None) -> None:
        """Attributes that are known only now."""
        ...

    def rename(self, name: str) -> None:
        """Give it another name."""
        ...


class Tracer(Protocol):
    """Where spans go."""

    def span(
        self, name: str, attributes: Mapping[str, Value], carrier: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Any]:
        """A span while the context lasts; with a carrier, it goes on with the trace of a request's headers."""
        ...

    def trace_id(self) -> str | None:
        """Id of the trace under way."""
        ...

    def close(self) -> None:
        """Hand over what is not handed over yet."""
        ...


_TRACER: ContextVar[Tracer | None] = ContextVar("countermark.tracer", default=None)


class NoSpan:
    """Nothing."""

    def set(self, **attributes: Value | None) -> None:
        """Check them all the same: a name that is not allowed is found by any test."""
        named(attributes)

    def rename(self, name: str) -> None:
        """Nothing."""


@contextmanager
def traced(tracer: Tracer | None) -> Iterator[None]:
    """Spans of this thread or task go to that tracer meanwhile."""
    token = _TRACER.set(tracer)
    try:
        yield
    finally:
        _TRACER.reset(token)


def span(name: str, **attributes: Value | None) -> AbstractContextManager[Span]:
    """A span of the tracer under way, if there is one.

    Args:
        name: what is done.
        attributes: names of `ALLOWED` without `countermark.`, and with `_` for every other dot; None is left out.
    """
    found, tracer = named(attributes), _TRACER.get()
    return nullcontext(NoSpan()) if tracer is None else tracer.span(name, found)


def step(name: str) -> AbstractContextManager[Any]:
    """A span about one step of a verification."""
    return span(f"verification {name}")


def named(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    """Attributes under their whole names.

    Example:
        >>> named({"case": "c", "http_route": "/livez", "job": None})
        {'countermark.case': 'c', 'http.route': '/livez'}

    Raises:
        ValueError: one that is not allowed.
    """
    found = {}
    for name, value in attributes.items():
        if name not in _WHOLE:
            raise ValueError(f"spans have no attribute {name!r}; if it holds no secret, add it to ALLOWED")
        if value is not None:
            found[_WHOLE[name]] = value
    return found


def with_trace_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: lines say which trace they belong to."""
    tracer = _TRACER.get()
    found = None if tracer is None else tracer.trace_id()
    if found is not None:
        event["trace_id"] = found
    return event
