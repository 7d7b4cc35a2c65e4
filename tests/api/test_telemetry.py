"""What is logged and measured, and what is not."""

import io
import json
import shutil

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.telemetry import logger


@pytest.fixture
def watched(tmp_path, template, world, enrolled):
    """A release on a service whose log and metrics can be read: (service, log lines, metrics)."""
    shutil.copytree(template[0], tmp_path / "data")
    stream = io.StringIO()
    settings = Settings(data=tmp_path / "data", metrics_token="scrape")
    with TestClient(create_app(settings, stream=stream), raise_server_exceptions=False) as web:
        yield web, {"Authorization": f"Bearer {template[1]['acme']['all']}"}, stream


def _lines(stream) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_request_is_one_line_of_json(watched):
    """Route and status, caller and request id; neither names, nor queries, nor tokens."""
    web, auth, stream = watched
    web.get("/v1/devices/edge-secret?x=hush", headers={**auth, "X-Request-ID": "r-1"})
    (line,) = _lines(stream)
    assert line["event"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/devices/{name}", 404)
    assert line["request_id"] == "r-1"
    assert len(line["tenant"]) == len(line["key"]) == 32
    assert line["seconds"] >= 0
    assert not {word for word in ("edge-secret", "hush", auth["Authorization"][7:]) if word in stream.getvalue()}


def test_strangers_and_nonsense_are_logged_too(watched):
    """Without a caller, and without a route."""
    web, _, stream = watched
    web.get("/v1/devices")
    web.get("/nonsense")
    anonymous, lost = _lines(stream)
    assert (anonymous["status"], anonymous["tenant"]) == (401, None)
    assert (lost["status"], lost["route"]) == (404, "none")


def test_an_unexpected_error_is_logged_with_its_trace(watched):
    """Under the request id that the caller got."""
    web, auth, stream = watched
    web.app.state.throttle = None
    answer = web.get("/v1/devices", headers=auth)
    failed = next(line for line in _lines(stream) if line["event"] == "unexpected")
    assert failed["request_id"] == answer.json()["request_id"]
    assert "Traceback" in failed["exception"]


def test_metrics_are_for_the_holder_of_their_token(watched):
    """Counted by route, never by name; 404 for anybody else, whatever key they have."""
    web, auth, _ = watched
    web.get("/v1/devices/edge-1", headers=auth)
    assert web.get("/metrics").status_code == 404
    assert web.get("/metrics", headers=auth).status_code == 404
    text = web.get("/metrics", headers={"Authorization": "Bearer scrape"}).text
    assert 'countermark_requests_total{method="GET",route="/v1/devices/{name}",status="404"} 1.0' in text
    assert "edge-1" not in text


def test_without_a_token_there_are_no_metrics(standing):
    """Nothing is published that the operator did not ask for."""
    answer = standing.service.web.get("/metrics", headers={"Authorization": "Bearer "})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-address")


def test_verdicts_are_logged_and_counted(standing):
    """Case, kind and log entry; not the answers."""
    metrics = standing.service.web.app.state.metrics
    before = metrics.exposition().decode()
    client = standing.service.client()
    logits = standing.world.copy(standing.codewords["edge-0"], standing.world.pack.probes)
    client.send_outputs(client.open_case("digits-1", suspect="x").id, logits, kind="logits")
    after = metrics.exposition().decode()
    assert 'countermark_verdicts_total{kind="logits",outcome="named"}' in after
    assert after != before


def test_secrets_that_slip_into_a_line_are_redacted():
    """By the name of their field."""
    stream = io.StringIO()
    logger(stream).info("made", api_token="hush", codeword=[1, -1], probes=b"hush", case="c")
    (line,) = _lines(stream)
    assert line["case"] == "c"
    assert "hush" not in stream.getvalue()
