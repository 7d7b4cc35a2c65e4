"""The service asks witnesses by itself: real ones over loopback, one that is down, and one that never answers."""

import io
import json
import shutil
import socket
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.client import Client
from api.settings import Settings
from api.witness import create_witness_app
from registry.errors import MalformedPolicy
from registry.log.policy import Policy
from registry.witness.directory import init_witness, open_witness, witness_keys
from tests.api.serving import listening


@pytest.fixture
def data(tmp_path, template):
    """A registry's data directory."""
    return shutil.copytree(template[0], tmp_path / "data")


@pytest.fixture
def lines(data, tmp_path) -> Iterator[str]:
    """Policy lines: the log, and a running witness that watches it, by both of its keys."""
    log = f"log {(data / 'log.pub').read_text().strip()}\n"
    init_witness(tmp_path / "w", "w.example")
    ed25519, ml_dsa = (key.verifier.vkey() for key in witness_keys(tmp_path / "w", int))
    witness = open_witness(tmp_path / "w", Policy.parse(f"{log}quorum none\n".encode()), lambda: int(time.time()))
    with listening(create_witness_app(witness)) as address:
        yield f"{log}witness w {ed25519} {address}\nwitness pq {ml_dsa} {address}\n"


def stranger(tmp_path) -> str:
    """The public key of a witness that nobody runs."""
    init_witness(tmp_path / "d", "down.example")
    return witness_keys(tmp_path / "d", int)[0].verifier.vkey()


def served(data, tmp_path, policy: str, stream: io.StringIO) -> TestClient:
    """The service, asking the policy's witnesses ten times a second."""
    (tmp_path / "witnesses.policy").write_text(policy)
    given = {"witness_policy": tmp_path / "witnesses.policy", "witness_seconds": 0.1}
    return TestClient(create_app(Settings(data=data, **given), stream=stream))


def told(stream: io.StringIO, event: str, size: int) -> dict:
    """The log's first line of that kind about a checkpoint of that size, once it is there."""
    for _ in range(3000):
        for line in map(json.loads, stream.getvalue().splitlines()):
            if (line["event"], line.get("size")) == (event, size):
                return line
        time.sleep(0.02)
    pytest.fail(f"no line '{event}' about {size} entries: {stream.getvalue()}")


def test_every_checkpoint_is_cosigned_in_time(data, lines, template, enrolled, tmp_path):
    """The newest note satisfies the policy, after the service started and after the log grew; the size is a metric."""
    stream, policy = io.StringIO(), f"{lines}group both all w pq\nquorum both\n"
    with served(data, tmp_path, policy, stream) as web:
        client = Client("http://testserver", token=template[1]["acme"]["all"], http=web)
        for size in (1, 2):
            enrolled(client, f"edge-{size}")
            assert told(stream, "witnessed", size)["cosigned"] == ["pq", "w"]
            Policy.parse(policy.encode()).open(client.checkpoint().note)
        assert b"countermark_witnessed_size 2.0" in web.app.state.metrics.exposition()


def test_a_witness_that_is_down_is_said_and_the_others_are_kept(data, lines, template, enrolled, tmp_path):
    """A line in the log with its reason, a count under its name, and both cosignatures of the one that is up."""
    stream = io.StringIO()
    policy = f"{lines}witness down {stranger(tmp_path)} http://127.0.0.1:1\nquorum w\n"
    with served(data, tmp_path, policy, stream) as web:
        client = Client("http://testserver", token=template[1]["acme"]["all"], http=web)
        enrolled(client, "edge-1")
        line = told(stream, "not witnessed", 1)
        assert (line["cosigned"], list(line["failed"])) == (["pq", "w"], ["down"])
        assert "did not answer" in line["failed"]["down"]
        assert b'countermark_witness_failures_total{witness="down"}' in web.app.state.metrics.exposition()
        Policy.parse(policy.encode()).open(client.checkpoint().note)


def test_nobody_who_appends_waits_for_a_witness(data, template, enrolled, tmp_path):
    """While one is being asked and does not answer, devices are enrolled and their checkpoints signed."""
    stream, log = io.StringIO(), f"log {(data / 'log.pub').read_text().strip()}\n"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        policy = f"{log}witness mute {stranger(tmp_path)} {address}\nquorum mute\n"
        with served(data, tmp_path, policy, stream) as web:
            client = Client("http://testserver", token=template[1]["acme"]["all"], http=web)
            enrolled(client, "edge-1")
            asked, _ = silent.accept()
            with asked:
                enrolled(client, "edge-2")
                assert client.checkpoint().size == 2
                assert "witnessed" not in stream.getvalue()
            assert list(told(stream, "not witnessed", 1)["failed"]) == ["mute"]


def test_a_policy_out_of_form_stops_the_service_at_its_start(data, tmp_path):
    """Not in the middle of the night."""
    with pytest.raises(MalformedPolicy), served(data, tmp_path, "witness nobody\n", io.StringIO()):
        pass
