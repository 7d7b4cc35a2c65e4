"""Spans for OpenTelemetry: what is in them, what never is, and that there are none unless they are configured."""

import io
import ipaddress
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from safetensors.numpy import save
from starlette.testclient import TestClient

from api.app import create_app
from api.client import Client
from api.configured_tracing import exporter_of, tracer_of
from api.otel import OpenTelemetry
from api.settings import Settings
from api.tracing import ALLOWED, NoSpan, TracingUnusable, named, span, step
from fingerprint.codeword import codeword_key
from registry.records import Scope
from tests.api.serving import leaking
from tests.api.test_jobs import ended
from tests.api.test_suspects import ARCHITECTURE, _weights
from tests.loopback import serving

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans():
    """Where finished spans are."""
    return InMemorySpanExporter()


@pytest.fixture
def watched(released, spans):
    """A service that traces and logs: its web client, the stream of its lines."""
    (released.service.data / "architectures").mkdir()
    (released.service.data / "architectures" / "student.json").write_text(ARCHITECTURE)
    settings = Settings(
        data=released.service.data,
        ask_endpoints=True,
        run_models=True,
        allow_networks=(ipaddress.ip_network("127.0.0.0/8"),),
    )
    stream = io.StringIO()
    app = create_app(settings, stream=stream, tracer=OpenTelemetry(SimpleSpanProcessor(spans)))
    with TestClient(app, raise_server_exceptions=False) as web:
        yield web, stream


def client_of(web, released, scope="all") -> Client:
    """A client of it."""
    return Client("http://testserver", token=released.service.tokens["acme"][scope], http=web)


def test_a_verification_is_one_trace_with_its_steps(watched, released, spans, as_npz):
    """Under the caller's trace; ids and routes in the attributes; each line of the log says trace and request."""
    web, stream = watched
    client = client_of(web, released)
    case, probes = client.open_case("digits-1", suspect="s"), released.world.pack.probes
    answers = as_npz(released.world.copy(released.codewords["edge-0"], probes))
    spans.clear()
    stream.truncate(0)
    headers = released.service.auth() | {"X-Request-ID": "r-7", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    web.post(f"/v1/cases/{case.id}/outputs?kind=logits", content=answers, headers=headers)
    found = {each.name: each for each in spans.get_finished_spans()}
    root = found["POST /v1/cases/{case_id}/outputs"]
    steps = ("answers", "pack", "observation", "evidence", "judgement", "record")
    assert set(found) == {root.name, *(f"verification {each}" for each in steps)}
    for name in steps:
        assert found[f"verification {name}"].parent.span_id == root.context.span_id
    assert {format(each.context.trace_id, "032x") for each in found.values()} == {TRACE}
    assert (root.attributes["http.response.status_code"], root.attributes["countermark.request_id"]) == (201, "r-7")
    assert len(root.attributes["countermark.tenant"]) == 32
    lines = [json.loads(line) for line in stream.getvalue().strip("\0").splitlines()]
    assert {line["event"] for line in lines} == {"verdict", "request"}
    assert {(line["trace_id"], line["request_id"]) for line in lines} == {(TRACE, "r-7")}


def test_nothing_secret_is_in_a_span(watched, released, spans):
    """Enrolment, an endpoint asked with its credential, a model run, verdicts: no key, codeword, answer or name."""
    web, stream = watched
    client, world, weight = client_of(web, released), released.world, _weights(released)
    client.enroll_device("edge-9", helper_data=b"help" * 9, identity="0e" * 32, codeword_key=codeword_key(b"k" * 32))
    case = client.open_case("digits-1", suspect="the suspect's name")
    with leaking(*weight) as leaked:
        ended(client, client.open_job(case.id, leaked.described(), token="hush-hush", batch=200).id)
    opened = next(line for line in map(json.loads, stream.getvalue().splitlines()) if line["event"] == "job opened")
    assert opened["case"] == case.id
    assert len(opened["key"]) == 32
    model, case = save({"fc.weight": weight[0], "fc.bias": weight[1]}), client.open_case("digits-1", suspect="t")
    assert client.send_model(case.id, model, architecture="student").named == ["edge-0"]
    made = client.create_api_key("new", [Scope.AUDIT])
    found = spans.get_finished_spans()
    names = {each.name for each in found}
    assert {"job ask", "job look", "outbound POST", "model run", "POST /v1/api-keys"} <= names
    assert {name for each in found for name in each.attributes} <= ALLOWED
    told = "".join(each.to_json() for each in found)
    answers = world.copy(released.codewords["edge-0"], world.pack.probes)
    signs = np.asarray(released.codewords["edge-0"])
    secrets = [
        "hush", made.token, client._token, codeword_key(b"k" * 32).hex(), "edge-", "suspect", "digits", "/predictions",
        *(str(value)[:6] for value in answers[0]), str(signs[:9].tolist())[1:-1],
    ]  # fmt: skip
    assert [secret for secret in secrets if secret in told] == []


def test_an_error_is_told_by_its_class(watched, released, spans):
    """500 is an error of the span; what the exception says stays out of it."""
    web, _ = watched
    web.app.state.throttle = None
    assert web.get("/v1/devices", headers=released.service.auth()).status_code == 500
    (root,) = spans.get_finished_spans()
    assert root.status.is_ok is False
    assert root.events == ()
    assert "NoneType" not in root.to_json()
    web.get("/livez")
    assert len(spans.get_finished_spans()) == 1


@pytest.mark.parametrize(
    ("given", "environment", "exporter"),
    [
        (None, {}, None),
        (None, {"OTEL_SERVICE_NAME": "x"}, None),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, "otlp"),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, "otlp"),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, None),
        (None, {"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ("otlp", {"OTEL_TRACES_EXPORTER": "console"}, "otlp"),
        ("otlp", {"OTEL_SDK_DISABLED": "True"}, None),
    ],
)
def test_what_the_environment_says(given, environment, exporter):
    """Off, unless it is told to be on."""
    assert exporter_of(Settings(traces=given), environment) == exporter


def test_without_configuration_nothing_is_made(standing):
    """No tracer; spans are free, and their attributes are checked all the same."""
    assert tracer_of(Settings()) is None
    with span("x", case="c") as made, step("y"):
        assert isinstance(made, NoSpan)
        with pytest.raises(ValueError, match="answers"):
            made.set(answers=1)
    with pytest.raises(ValueError, match="token"):
        span("x", token="hush")
    with pytest.raises(TracingUnusable, match="countermark"):
        tracer_of(Settings(traces="nonsense"))
    assert named({"case": None}) == {}


class Collector(BaseHTTPRequestHandler):
    """Takes what an exporter sends."""

    def do_POST(self) -> None:
        """Keep it."""
        self.server.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def collector():
    """A collector at work."""
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.got = []
    with serving(server):
        yield server


def test_spans_reach_a_collector(released, monkeypatch, collector):
    """By OTLP over HTTP, configured by the standard variables alone, at the latest when the service stops."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "the service")
    with TestClient(create_app(Settings(data=released.service.data))) as web:
        web.get("/v1/log/key", headers=released.service.auth())
    assert {path for path, _ in collector.got} == {"/v1/traces"}
    assert all(b"GET /v1/log/key" in body and b"the service" in body for _, body in collector.got)
