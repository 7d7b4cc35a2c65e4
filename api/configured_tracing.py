"""Whether traces are made, and where they go: decided by the environment."""

import os
from collections.abc import Mapping
from importlib import import_module

from api.settings import Settings
from api.tracing import Tracer, TracingUnusable

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def exporter_of(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """Name of the exporter that is configured; None where traces are off.

    Example:
        >>> exporter_of(Settings(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
        'otlp'
    """
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    said = settings.traces or environment.get("OTEL_TRACES_EXPORTER", "")
    if not said and any(environment.get(name) for name in _ENDPOINTS):
        said = "otlp"
    return None if said in ("", "none") else said


def tracer_of(settings: Settings) -> Tracer | None:
    """The tracer that is configured, if one is.

    Raises:
        TracingUnusable: OpenTelemetry or the exporter is not installed.
    """
    name = exporter_of(settings, os.environ)
    if name is None:
        return None
    try:
        found: Tracer = import_module("api.otel").exporting(name)
    except ModuleNotFoundError as error:
        raise TracingUnusable(f"{error.name} is not installed; install countermark[otel]") from error
    return found
