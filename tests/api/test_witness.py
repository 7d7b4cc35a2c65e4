"""The witness as a service, the log asking it, and an auditor who trusts neither: over HTTP, by the commands."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.cli import app
from api.witness import create_witness_app
from registry.errors import StoreExists, StoreMissing
from registry.log import tree
from registry.log.checkpoint import sign_checkpoint
from registry.log.note import Ed25519Signer, Note, require_signature
from registry.log.policy import Policy
from registry.store import open_registry
from registry.witness.directory import init_witness, open_witness, witness_keys
from registry.witness.messages import MAX_BYTES, AddCheckpoint, parse_cosignatures
from tests.api.serving import started
from tests.patience import PATIENCE

SIGNER = Ed25519Signer("example.com/log", bytes(32))
POLICY = Policy.parse(f"log {SIGNER.verifier.vkey()}\nquorum none\n".encode())
LARGEST = 40


def _history():
    nodes, roots, edge = {}, [tree.EMPTY_ROOT], []
    for size in range(LARGEST):
        edge, completed = tree.grow(size, edge, tree.leaf_hash(bytes([size])))
        nodes.update(completed)
        roots.append(tree.fold(edge))
    return nodes, roots


NODES, ROOTS = _history()


def request(old: int, new: int, signer=SIGNER, root=None) -> bytes:
    """The body of a log's request."""
    hashes = tree.consistency(old, new, lambda wanted: {node: NODES[node] for node in wanted})
    return AddCheckpoint(old=old, hashes=hashes, note=sign_checkpoint(new, root or ROOTS[new], signer).note).render()


@pytest.fixture
def directory(tmp_path):
    """A new witness."""
    init_witness(tmp_path / "w", "witness.example/w1")
    return tmp_path / "w"


@pytest.fixture
def web(directory):
    """Its service."""
    with TestClient(create_witness_app(open_witness(directory, POLICY, lambda: 1700000000))) as client:
        yield client


def test_an_honest_log_is_cosigned_by_both_keys(web, directory):
    """200 and a cosignature line of each of the witness's keys, over the very text that was sent."""
    answer = web.post("/add-checkpoint", content=request(0, 9))
    assert answer.status_code == 200
    note = Note(
        text=Note.parse(sign_checkpoint(9, ROOTS[9], SIGNER).note).text, signatures=parse_cosignatures(answer.content)
    )
    keys = witness_keys(directory, int)
    assert {each.kind for each in keys} == {0x04, 0x06}
    for each in keys:
        require_signature(note, each.verifier)


def test_every_status_of_the_specification(web):
    """400, 403, 404, 409 with and without a size, 413, 422; nothing that was refused is remembered."""
    stranger, namesake = Ed25519Signer("example.com/x", bytes(32)), Ed25519Signer("example.com/log", b"7" * 32)
    post = lambda body: web.post("/add-checkpoint", content=body)  # noqa: E731 - a name for a line
    assert post(request(0, 9)).status_code == 200
    assert post(b"nonsense").status_code == 400
    assert (
        post(AddCheckpoint(old=10, hashes=(), note=sign_checkpoint(9, ROOTS[9], SIGNER).note).render()).status_code
        == 400
    )
    assert post(request(9, 10, namesake)).status_code == 403
    assert post(request(9, 10, stranger)).status_code == 404
    behind = post(request(3, 10))
    assert (behind.status_code, behind.text) == (409, "9\n")
    assert behind.headers["content-type"] == "text/x.tlog.size"
    fork = post(request(9, 9, root=bytes(32)))
    assert fork.status_code == 409
    assert fork.headers["content-type"] != "text/x.tlog.size"
    wrong = AddCheckpoint(old=9, hashes=(bytes(32),), note=sign_checkpoint(10, ROOTS[10], SIGNER).note)
    assert post(wrong.render()).status_code == 422
    assert post(bytes(MAX_BYTES + 1)).status_code == 413
    assert web.get("/add-checkpoint").status_code == 405
    assert web.post("/else", content=b"").status_code == 404
    assert post(request(9, 10)).status_code == 200


def test_what_cannot_be_remembered_is_not_cosigned(directory):
    """A full disk or a torn record is 500: no cosignature leaves that the witness could forget."""
    with TestClient(create_witness_app(open_witness(directory, POLICY, int)), raise_server_exceptions=False) as client:
        assert client.post("/add-checkpoint", content=request(0, 9)).status_code == 200
        (record,) = (directory / "logs").glob("*.checkpoint")
        whole = record.read_text()
        record.write_text(whole[:40])
        assert client.post("/add-checkpoint", content=request(9, 10)).status_code == 500
        record.write_text(whole)
        assert client.post("/add-checkpoint", content=request(9, 10)).status_code == 200


def test_many_requests_at_once_never_take_a_log_back(web, directory):
    """Forty requests of all sizes at once: whatever order they meet in, the largest is remembered and none is lost."""

    def submit(size: int) -> int:
        old = 0
        while True:
            answer = web.post("/add-checkpoint", content=request(old, size))
            if answer.status_code == 200:
                return size
            assert answer.status_code == 409
            old = int(answer.text)
            if old > size:
                return 0

    with ThreadPoolExecutor(8) as pool:
        granted = set(pool.map(submit, range(1, LARGEST + 1)))
    assert LARGEST in granted
    assert web.post("/add-checkpoint", content=request(0, 1)).text == f"{LARGEST}\n"


def test_a_witness_is_made_once_and_found_again(directory, tmp_path):
    """A second init changes nothing; where there is no witness the error names the command."""
    with pytest.raises(StoreExists):
        init_witness(directory, "witness.example/w2")
    with pytest.raises(StoreMissing, match="witness init"):
        witness_keys(tmp_path, int)
    assert (directory / "witness.key").stat().st_mode & 0o777 == 0o600


def test_a_killed_witness_remembers(directory, tmp_path):
    """The process is killed right after it answered; started again it knows what it cosigned."""
    (tmp_path / "logs.policy").write_text(f"log {SIGNER.verifier.vkey()}\nquorum none\n")
    command = ["witness", "serve", "--dir", str(directory), "--logs", str(tmp_path / "logs.policy"), "--port", "0"]
    for body, wanted in ((request(0, 9), (200, None)), (request(0, 20), (409, "9\n"))):
        with started(command) as (address, _):
            answer = httpx2.post(f"{address}/add-checkpoint", content=body, timeout=PATIENCE)
        assert answer.status_code == wanted[0]
        assert wanted[1] in (None, answer.text)


@pytest.fixture
def witnessed(place, tmp_path):
    """A registry, a running witness that watches its log, and a policy file that asks for its cosignature."""
    data = place.path / "data"
    vkey = (data / "log.pub").read_text().strip()
    keys = place.json("witness", "init", "w.example", "--dir", tmp_path / "w")
    assert place.json("witness", "key", "--dir", tmp_path / "w") == keys
    watching = Policy.parse(f"log {vkey}\nquorum none\n".encode())
    witness = open_witness(tmp_path / "w", watching, lambda: int(time.time()))
    server = uvicorn.Server(uvicorn.Config(create_witness_app(witness), port=0, log_level="error"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        lines = f"log {vkey}\nwitness w {keys['ed25519']} {address}\nwitness pq {keys['ml_dsa_44']} {address}/\n"
        (tmp_path / "all.policy").write_text(lines + "group both all w pq\nquorum both\n")
        away = CliRunner().invoke(app, ["witness", "init", "down.example", "--dir", str(tmp_path / "d"), "--json"])
        down = json.loads(away.stdout)["ed25519"]
        (tmp_path / "down.policy").write_text(f"log {vkey}\nwitness d {down} http://127.0.0.1:1\nquorum d\n")
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield place
        server.should_exit = True
        thread.join()


def test_a_log_is_witnessed_and_audited(witnessed, tmp_path):
    """`log witness` collects both cosignatures and says so by exit code; `log audit --policy` verifies them."""
    place = witnessed
    place.json("device", "enroll", "edge-1", "--silicon", place.path / "1.chip")
    first = place.json("log", "witness", "--policy", tmp_path / "all.policy")
    assert (first["size"], first["cosigned"], first["failed"]) == (1, ["pq", "w"], {})
    place.json("device", "enroll", "edge-2", "--silicon", place.path / "2.chip")
    assert place.json("log", "witness", "--policy", tmp_path / "all.policy")["size"] == 2
    missing = place.json("log", "witness", "--policy", tmp_path / "down.policy", code=1)
    assert (missing["cosigned"], set(missing["failed"])) == ([], {"d"})
    assert "did not cosign" in place.stderr
    (tmp_path / "old").write_text(first["note"])
    report = place.json("log", "audit", "--from", tmp_path / "old", "--policy", tmp_path / "all.policy")
    assert (report["size"], report["cosignatures"], report["audited"]) == (2, 6, True)


def test_an_auditor_needs_no_more_than_the_server(served, released, tmp_path):
    """`log audit --server` rebuilds the log from its files, by a key got elsewhere, and finds a rewritten history."""
    environment = {"COUNTERMARK_TOKEN": released.service.tokens["acme"]["audit"], "COUNTERMARK_DATA": ""}
    vkey = (released.service.data / "log.pub").read_text().strip()

    def audit(*args: object, code: int = 0) -> tuple[str, str]:
        command = ["log", "audit", "--server", served, *map(str, args), "--json"]
        result = CliRunner().invoke(app, command, env=environment)
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        return result.stdout, result.stderr

    report = json.loads(audit("--key", vkey, "--save", tmp_path / "kept")[0])
    assert report["entries"] == {"commitment": 1, "enrolment": 3, "reservation": 2, "issue": 2}
    assert json.loads(audit("--key", vkey, "--from", tmp_path / "kept")[0])["extends"] == report["size"]
    assert "got from somebody else" in audit(code=1)[1]
    assert "exists" in audit("--key", vkey, "--save", tmp_path / "kept", code=1)[1]
    assert "not of" in audit("--key", SIGNER.verifier.vkey(), code=1)[1]
    with open_registry(released.service.data) as store:
        signer = store._parts.signer
    (tmp_path / "other").write_text(sign_checkpoint(4, bytes(32), signer).note)
    assert "does not extend" in audit("--key", vkey, "--from", tmp_path / "other", code=1)[1]
    unknown = CliRunner().invoke(app, ["log", "audit", "--nonsense"], env=environment)
    assert unknown.exit_code == 2
