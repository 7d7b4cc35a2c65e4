"""Suspects that the service runs or asks, and the command that verifies whatever it is given."""

import ipaddress
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.client import Client, ServiceError
from api.settings import Settings
from tests.loopback import serving

ARCHITECTURE = json.dumps({"input": [24], "layers": [{"linear": "fc", "out": 6}]})


def _weights(released, device="edge-0") -> tuple[np.ndarray, np.ndarray]:
    """Last layer of a device's copy."""
    weight, bias = released.world.kit.head_delta(released.codewords[device])
    return (released.world.weight + weight).astype(np.float32), (released.world.bias + bias).astype(np.float32)


def _onnx(weight, bias) -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "W", "b"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 24])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 6])],
        [numpy_helper.from_array(weight.T.copy(), "W"), numpy_helper.from_array(bias, "b")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


class Copy(ThreadingHTTPServer):
    """A leaked copy behind an address; it breaks down after some requests."""

    daemon_threads = True

    def __init__(self, weight, bias) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.weight, self.bias, self.good, self.asked = weight, bias, 1 << 30, 0

    def described(self) -> dict:
        """How it is asked."""
        url = f"http://127.0.0.1:{self.server_port}/x"
        return {"url": url, "body": {"instances": "$probes"}, "answers": "/predictions"}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        """Logits, or a refusal."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        self.server.good -= 1
        answer = np.array(body["instances"]) @ self.server.weight.T + self.server.bias
        data = json.dumps({"predictions": answer.tolist()}).encode()
        self.send_response(200 if self.server.good >= 0 else 418)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def leaked(released) -> Iterator[Copy]:
    """edge-0's copy, served."""
    server = Copy(*_weights(released))
    with serving(server):
        yield server


@pytest.fixture
def willing(released) -> Iterator[Client]:
    """A client of a service whose operator allows everything that is to be allowed."""
    data: Path = released.service.data
    (data / "architectures").mkdir()
    (data / "architectures" / "student.json").write_text(ARCHITECTURE)
    networks = (ipaddress.ip_network("127.0.0.0/8"),)
    settings = Settings(data=data, run_models=True, ask_endpoints=True, allow_networks=networks)
    with TestClient(create_app(settings)) as web:
        yield Client("http://testserver", token=released.service.tokens["acme"]["all"], http=web)


def _refused(client, work) -> str:
    """The problem's type of a refused request that left nothing."""
    size = client.checkpoint().size
    with pytest.raises(ServiceError) as caught:
        work()
    assert client.checkpoint().size == size
    return caught.value.problem.type.removeprefix("/problems/")


def test_an_uploaded_model_is_run_and_weighed(willing, released):
    """ONNX by itself, weights with a registered architecture; the kind is told by the numbers and stated."""
    weight, bias = _weights(released)
    case = willing.open_case("digits-1", suspect="org/model")
    verdict = willing.send_model(case.id, _onnx(weight, bias))
    assert (verdict.named, verdict.kind) == (["edge-0"], "logits")
    case = willing.open_case("digits-1", suspect="org/model")
    tensors = save({"fc.weight": weight, "fc.bias": bias})
    assert willing.send_model(case.id, tensors, architecture="student", kind="logits").named == ["edge-0"]
    assert _refused(willing, lambda: willing.send_model(case.id, tensors, architecture="student")) == "case-decided"


@pytest.mark.parametrize("name", ["nobody", "../student", "", ".", "a/b"])
def test_an_architecture_that_is_not_registered_is_refused(willing, name):
    """Those that are, are listed."""
    case = willing.open_case("digits-1", suspect="s")
    with pytest.raises(ServiceError, match="registered: student"):
        willing.send_model(case.id, save({"fc.weight": np.ones(1)}), architecture=name)


def test_a_model_that_cannot_be_run_leaves_the_case_open(willing, released):
    """One clear problem each; then the answers are sent and weighed."""
    case = willing.open_case("digits-1", suspect="s")
    for data, problem in (
        (b"", "model-malformed"),
        (b"\x80\x04\x95", "model-unsafe"),
        (b"noise", "model-unknown-format"),
        (_onnx(np.ones((6, 24), np.float32), np.ones(6, np.float32))[:-5], "model-unknown-format"),
        (save({"a": np.ones(1), "b": np.ones(1)}), "model-unfit"),
        (_onnx(np.ones((6, 24), np.float32), np.full(6, np.nan, np.float32)), "answer-unusable"),
    ):
        assert _refused(willing, lambda data=data: willing.send_model(case.id, data)) == problem
    answers = released.world.copy(released.codewords["edge-1"], willing.probes(case.id))
    assert willing.send_outputs(case.id, answers, kind="logits").named == ["edge-1"]
    assert _refused(willing, lambda: willing.send_model("0" * 32, b"x")) == "unknown-case"


def test_an_endpoint_is_asked_recorded_and_weighed(willing, leaked):
    """The record has every exchange, the credential is nowhere; a decided case asks nobody."""
    case = willing.open_case("digits-1", suspect="org/model at 127.0.0.1")
    verdict = willing.ask_endpoint(case.id, leaked.described(), token="hush", batch=100)
    assert (verdict.named, verdict.kind) == (["edge-0"], "logits")
    record = willing.record(case.id).decode()
    head, *lines = map(json.loads, record.splitlines())
    assert head["batch"] == 100
    assert [line["exchange"]["status"] for line in lines] == [200] * 4
    assert "hush" not in record
    asked = leaked.asked
    assert _refused(willing, lambda: willing.ask_endpoint(case.id, leaked.described())) == "case-decided"
    assert leaked.asked == asked == 4


def test_asking_goes_on_where_it_stopped(willing, leaked):
    """An endpoint that breaks down leaves the case open; no probe is asked twice."""
    case = willing.open_case("digits-1", suspect="s")
    leaked.good = 2
    assert _refused(willing, lambda: willing.ask_endpoint(case.id, leaked.described(), batch=100)) == "suspect-refused"
    leaked.good = 10
    assert willing.ask_endpoint(case.id, leaked.described(), batch=100).named == ["edge-0"]
    assert leaked.asked == 5


def test_another_suspect_may_be_asked_about_the_same_case(willing, leaked, released):
    """One that answers nonsense stands in the way of no other; the record is that of the one which was judged."""
    case = willing.open_case("digits-1", suspect="s")
    constant = _onnx(np.zeros((6, 24), np.float32), np.ones(6, np.float32))
    for _ in range(2):
        assert _refused(willing, lambda: willing.send_model(case.id, constant)) == "constant-outputs"
    assert willing.ask_endpoint(case.id, leaked.described(), batch=200).named == ["edge-0"]
    head, *lines = map(json.loads, willing.record(case.id).splitlines())
    assert head["suspect"].startswith("template ")
    assert [line["start"] for line in lines] == [0, 200]


def test_an_endpoint_that_answers_nonsense_once_is_asked_again(willing, leaked):
    """NaN is not recorded as an answer."""
    case, bias = willing.open_case("digits-1", suspect="s"), leaked.bias
    leaked.bias = np.full(6, np.nan)
    assert _refused(willing, lambda: willing.ask_endpoint(case.id, leaked.described())) == "answer-unusable"
    leaked.bias = bias
    assert willing.ask_endpoint(case.id, leaked.described()).named == ["edge-0"]


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        ({}, "answer-unusable"),
        ({"url": "http://127.0.0.1"}, "answer-unusable"),
        ({"oip": "http://127.0.0.1", "model": 3}, "answer-unusable"),
        ({"oip": "file:///etc/passwd", "model": "m"}, "suspect-misbehaved"),
        ({"oip": "http://10.0.0.1", "model": "m"}, "address-refused"),
        ({"oip": "http://no-such-host.invalid", "model": "m"}, "suspect-unreachable"),
    ],
    ids=str,
)
def test_an_endpoint_that_cannot_be_asked_is_refused(willing, endpoint, problem):
    """By a problem of its own; the case stays open."""
    case = willing.open_case("digits-1", suspect="s")
    assert _refused(willing, lambda: willing.ask_endpoint(case.id, endpoint)) == problem
    assert not willing.case(case.id).decided


def test_nothing_is_run_or_asked_unless_the_operator_says_so(released):
    """The way out is to do it oneself."""
    client = released.service.client()
    case = client.open_case("digits-1", suspect="s")
    for work in (
        lambda: client.send_model(case.id, b"x"),
        lambda: client.ask_endpoint(case.id, {"oip": "http://a.example", "model": "m"}),
    ):
        assert _refused(client, work) == "model-not-admitted"
    answer = released.service.web.get(f"/v1/cases/{case.id}/record", headers=released.service.auth())
    assert answer.json()["type"] == "/problems/no-record"


def test_who_may_not_investigate_may_not_have_anything_asked(willing, released):
    """Neither with a key of another scope, nor of another tenant."""
    case = willing.open_case("digits-1", suspect="s").id
    for scope, tenant, status in (("release", "acme", 403), ("audit", "acme", 403), ("all", "rival", 404)):
        headers = {"Authorization": f"Bearer {released.service.tokens[tenant][scope]}"}
        assert willing._http.post(f"/v1/cases/{case}/model", content=b"x", headers=headers).status_code == status
        body = {"endpoint": {"oip": "http://a.example", "model": "m"}}
        assert willing._http.post(f"/v1/cases/{case}/endpoint", json=body, headers=headers).status_code == status
    rival = {"Authorization": f"Bearer {released.service.tokens['rival']['all']}"}
    assert willing._http.get(f"/v1/cases/{case}/record", headers=rival).status_code == 404


# --- the command ------------------------------------------------------------------------------------------------


def _released(place, world) -> np.ndarray:
    """A release in the place, and the codeword of edge-0's copy."""
    (place.path / "pack").write_bytes(world.pack.to_bytes())
    place.json("release", "create", "digits-1", "--pack", place.path / "pack")
    place.run("device", "enroll", "edge-0", "--silicon", place.path / "chip")
    place.run("copy", "reserve", "--release", "digits-1", "--device", "edge-0", "--codeword-out", place.path / "c.npy")
    return np.load(place.path / "c.npy")


def _copy(world, codeword) -> tuple[np.ndarray, np.ndarray]:
    weight, bias = world.kit.head_delta(codeword)
    return (world.weight + weight).astype(np.float32), (world.bias + bias).astype(np.float32)


def test_verify_takes_whatever_the_suspect_is(place, world):
    """A model's file, weights with their architecture, answers: told by their bytes, and stated."""
    weight, bias = _copy(world, _released(place, world))
    files = {
        "model.bin": _onnx(weight, bias),
        "weights.bin": save({"fc.weight": weight, "fc.bias": bias}),
        "answers.bin": save({"outputs": world.pack.probes @ weight.T + bias}),
    }
    for name, data in files.items():
        (place.path / name).write_bytes(data)
        (place.path / "student.json").write_text(ARCHITECTURE)
        more = ("--architecture", place.path / "student.json") if name.startswith("weights") else ()
        record = ("--record", place.path / f"{name}.jsonl")
        verdict = place.json("verify", place.path / name, "--release", "digits-1", *more, *record)
        assert (verdict["named"], verdict["kind"]) == (["edge-0"], "logits")
        assert "taken for logits" in place.stderr
        assert verdict["suspect"].endswith(name)
    assert not (place.path / "answers.bin.jsonl").exists()


def test_verify_refuses_with_the_way_out(place, world):
    """A pickle, a model given as outputs, weights alone, nothing, two things."""
    _released(place, world)
    (place.path / "model.pkl").write_bytes(b"\x80\x04\x95")
    place.run("verify", place.path / "model.pkl", "--release", "digits-1", code=1)
    assert "skops.io.dump" in place.stderr
    (place.path / "model.onnx").write_bytes(_onnx(np.ones((6, 24), np.float32), np.ones(6, np.float32)))
    place.run("verify", "--outputs", place.path / "model.onnx", "--release", "digits-1", code=1)
    assert "give it as SUSPECT" in place.stderr
    place.run("verify", "--release", "digits-1", code=2)
    place.run("verify", place.path / "a", "--outputs", place.path / "b", "--release", "digits-1", code=2)
    place.run("verify", place.path / "model.onnx", "--release", "digits-1", "--upload", code=2)


def test_a_service_runs_the_model_or_the_client_does(served, released, tmp_path, monkeypatch):
    """With --upload: the service, where it may; else the client asks the model here and sends the answers."""
    (tmp_path / "m.onnx").write_bytes(_onnx(*_weights(released)))
    monkeypatch.setenv("COUNTERMARK_TOKEN", released.service.tokens["acme"]["all"])
    args = ("verify", tmp_path / "m.onnx", "--release", "digits-1", "--server", served, "--upload", "--json")
    done = CliRunner().invoke(app, [*map(str, args), "--record", str(tmp_path / "r.jsonl")])
    assert done.exit_code == 0
    assert "asked here" in done.stderr
    assert json.loads(done.stdout)["named"] == ["edge-0"]
    assert (tmp_path / "r.jsonl").exists()
