"""Every kind of suspect, one suite: the same linear model behind each of them answers the same, and is recorded."""

import io
import ipaddress
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save
from scipy.special import log_softmax

from api.suspects import opening
from api.suspects.asking import Plan, ask_all
from api.suspects.errors import AnswersError, ModelError, RecordMismatch, SuspectError
from api.suspects.guard import Guard
from api.suspects.models.recognise import MODELS
from api.suspects.opening import Means
from api.suspects.outbound import Bounds, Outbound
from api.suspects.outputs import FORMATS
from api.suspects.sandbox.worker import TASKS
from fingerprint.canonical import digest
from tests.loopback import serving


class Handler(BaseHTTPRequestHandler):
    """The linear model behind three protocols."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer by the path."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        make = self.server.make
        if self.path == "/template":
            answer = {"scores": (np.array(body["rows"]) @ make.weight.T + make.bias).tolist()}
        elif self.path == "/v2/models/m/infer":
            tensor = body["inputs"][0]
            logits = np.array(tensor["data"]).reshape(tensor["shape"]) @ make.weight.T + make.bias
            data = logits.ravel().tolist()
            answer = {"outputs": [{"name": "y", "shape": list(logits.shape), "datatype": "FP32", "data": data}]}
        else:
            rows = np.array([prompt.split() for prompt in body["prompt"]], dtype=float)
            logits = log_softmax(rows @ make.weight.T + make.bias, axis=1)
            tops = [dict(zip("ABCD", row, strict=True)) for row in logits.tolist()]
            answer = {"choices": [{"index": at, "logprobs": {"top_logprobs": [top]}} for at, top in enumerate(tops)]}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def server(make):
    """A real server of the three protocols."""
    started = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    started.make, started.asked, started.daemon_threads = make, 0, True
    with serving(started):
        yield started


def _npz(array) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, outputs=array)
    return buffer.getvalue()


def _npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _parquet(array) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"outputs": array.tolist()}), buffer)
    return buffer.getvalue()


def _arrow(array) -> bytes:
    table, buffer = pa.table({"outputs": array.tolist()}), io.BytesIO()
    with pa.ipc.new_file(buffer, table.schema) as file:
        file.write_table(table)
    return buffer.getvalue()


OUTPUTS = {
    "npz": _npz,
    "npy": _npy,
    "safetensors": lambda array: save({"outputs": array}),
    "csv": lambda array: "\n".join(",".join(map(repr, row)) for row in array.tolist()).encode(),
    "jsonl": lambda array: "\n".join(map(json.dumps, array.tolist())).encode(),
    "parquet": _parquet,
    "arrow": _arrow,
}
ENDPOINTS = {
    "template": lambda url: {"url": f"{url}/template", "body": {"rows": "$probes"}, "answers": "/scores"},
    "oip": lambda url: {"oip": url, "model": "m"},
    "openai": lambda url: {
        "openai": f"{url}/v1",
        "model": "m",
        "prompt": "{values}",
        "classes": list("ABCD"),
        "top": 4,
    },
}
KINDS = [
    *(f"outputs {name}" for name in OUTPUTS),
    *(f"model {form.name}" for form in MODELS),
    *(f"endpoint {name}" for name in ENDPOINTS),
]


def test_every_kind_is_in_the_suite():
    """A new format, model or task enters this suite or fails it."""
    assert {form.name for form in FORMATS} == set(OUTPUTS)
    assert set(TASKS) == {"parquet", "arrow"} | {form.name for form in MODELS}


def _means(make, kind) -> Means:
    guard = Guard(allowed=(ipaddress.ip_network("127.0.0.0/8"),))
    return Means(
        outbound=lambda: Outbound(guard=guard, bounds=Bounds(attempts=1)),
        limit=1 << 20,
        architecture=make.architecture if kind == "model safetensors" else None,
        headers={"Authorization": "Bearer hush"},
    )


def _file(make, server, kind) -> bytes:
    group, name = kind.split()
    if group == "outputs":
        return OUTPUTS[name](make.logits)
    if group == "model":
        return make.models[name]
    return json.dumps(ENDPOINTS[name](f"http://127.0.0.1:{server.server_port}")).encode()


@pytest.fixture
def suspect(make, server, request):
    """The suspect of a kind, opened from a file by its bytes alone."""
    opened = opening.in_file(_file(make, server, request.param), _means(make, request.param))
    yield opened
    opened.close()


@pytest.mark.parametrize("suspect", KINDS, indirect=True)
def test_a_suspect_answers_is_recorded_and_is_not_asked_twice(suspect, make, server, tmp_path):
    """The same answers from each; digests in the record, no credential; a second run asks nothing."""
    record = tmp_path / "record.jsonl"
    answers = np.concatenate(list(ask_all(suspect, make.probes, record=record, plan=Plan(batch=4))))
    exact = log_softmax(make.logits, axis=1)
    shown = np.log(answers) if answers.min() >= 0 else answers
    np.testing.assert_allclose(log_softmax(shown, axis=1), exact, atol=1e-4)
    head, *lines = map(json.loads, record.read_text().splitlines())
    assert head["suspect"] == suspect.identity
    for line in lines:
        exchange = line["exchange"]
        assert exchange["request_digest"].startswith("sha256:")
        assert exchange["response_digest"].startswith("sha256:")
        assert exchange["at"].endswith("+00:00")
    assert "hush" not in record.read_text() + suspect.identity + repr(suspect)
    asked = server.asked
    again = np.concatenate(list(ask_all(suspect, make.probes, record=record, plan=Plan(batch=4))))
    np.testing.assert_array_equal(again, answers)
    assert server.asked == asked
    with pytest.raises(RecordMismatch):
        list(ask_all(suspect, make.probes + 1, record=record, plan=Plan(batch=4)))


@pytest.mark.parametrize("suspect", [kind for kind in KINDS if kind.startswith("model")], indirect=True)
def test_a_model_says_what_ran_it(suspect, make):
    """The record of a run has the digest of what came out, facts about the model, and what was shut off."""
    exchange = suspect.ask(make.probes).exchange
    assert set(exchange["facts"]["confined"]) == {"network", "calls", "files"}
    assert exchange["request_digest"] == digest(make.probes.tobytes())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_half_a_file_is_one_clear_error(make, server, kind, part):
    """Of one of the three trees, with a way out; never anything else."""
    whole = _file(make, server, kind)
    data = whole[: int(part * len(whole))]
    with pytest.raises((AnswersError, ModelError, SuspectError)) as caught:
        opening.in_file(data, _means(make, kind)).ask(make.probes)
    assert len(str(caught.value)) > 20


def test_an_address_says_how_it_is_asked(make, server):
    """One of the Open Inference Protocol is enough by itself; another needs a description."""
    url = f"http://127.0.0.1:{server.server_port}"
    for path in ("/v2/models/m", "/v2/models/m/infer", "/v2/models/m/"):
        suspect = opening.at_address(url + path, _means(make, "endpoint oip"))
        np.testing.assert_allclose(suspect.ask(make.probes).answers, make.logits, rtol=1e-5)
        suspect.close()
    versioned = opening.at_address(f"{url}/v2/models/a%2Fb/versions/3", _means(make, "endpoint oip"))
    assert versioned.identity == f"oip {url}/v2/models/a%2Fb/versions/3/infer *"
    with pytest.raises(SuspectError, match="describes the endpoint"):
        opening.at_address(url, _means(make, "endpoint oip"))


def test_tensors_without_a_word_are_asked_about(make):
    """Several tensors may be answers of a wrong name or weights: the way out names both."""
    with pytest.raises(ModelError, match="--architecture"):
        opening.in_file(make.models["safetensors"], _means(make, "outputs"))
