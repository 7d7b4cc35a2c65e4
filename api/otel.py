"""OpenTelemetry's SDK behind `api.tracing`: imported only where the operator configures it (extra `otel`).

| variable | what |
|---|---|
| `COUNTERMARK_TRACES`, else `OTEL_TRACES_EXPORTER` | name of the exporter: `otlp`, `console`, `none` |
| `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | where `otlp` sends; alone they turn it on |
| `OTEL_SDK_DISABLED` | `true` turns everything off |
| `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, `OTEL_EXPORTER_OTLP_*` | as the SDK has them |
"""  # noqa: E501 - a table

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points, version

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.tracing import Span, TracingUnusable, Value, named

_GROUP = "opentelemetry_traces_exporter"
_PROPAGATOR = TraceContextTextMapPropagator()


class _Open:
    """A span of OpenTelemetry as `api.tracing.Span`."""

    def __init__(self, found: trace.Span) -> None:
        self._found = found

    def set(self, **attributes: Value | None) -> None:
        """Attributes that are known only now; a status of 500 or more is an error."""
        values = named(attributes)
        self._found.set_attributes(values)
        if int(values.get("http.response.status_code", 0)) >= 500:
            self._found.set_status(Status(StatusCode.ERROR))

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._found.update_name(name)


class OpenTelemetry:
    """A tracer over OpenTelemetry's SDK; its provider is its own, nothing global is touched.

    Args:
        processor: where finished spans go.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        resource = Resource({SERVICE_NAME: "countermark", "service.version": version("countermark")})
        self._provider = TracerProvider(
            resource=resource.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("countermark")

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Value], carrier: Mapping[str, str] | None = None
    ) -> Iterator[Span]:
        """A span while the context lasts; an exception that ends it is told by its class alone."""
        parent = None if carrier is None else _PROPAGATOR.extract(carrier)
        kind = SpanKind.INTERNAL if carrier is None else SpanKind.SERVER
        with self._tracer.start_as_current_span(
            name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as found:
            try:
                yield _Open(found)
            except BaseException as error:
                found.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def trace_id(self) -> str | None:
        """Id of the trace under way, 32 hexadecimal digits."""
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else None

    def close(self) -> None:
        """Hand over what is not handed over yet."""
        self._provider.shutdown()


def exporting(name: str) -> OpenTelemetry:
    """A tracer whose spans go, in batches, to the exporter of that name.

    Raises:
        TracingUnusable: it is not installed.
    """
    wanted = ("otlp_proto_http", "otlp") if name == "otlp" else (name,)  # over HTTP, which is what the extra installs
    found = next((each for known in wanted for each in entry_points(group=_GROUP, name=known)), None)
    if found is None:
        raise TracingUnusable(f"there is no exporter of traces {name!r}; install countermark[otel], or name another")
    return OpenTelemetry(BatchSpanProcessor(found.load()()))
