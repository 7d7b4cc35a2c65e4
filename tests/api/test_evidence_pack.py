"""Evidence packs over HTTP and on the command line: the same pack, the same verifier, for whoever may have it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.client import ServiceError
from api.suspects.asking import Plan, ask_all
from api.suspects.suspect import Reply
from api.workspace import Workspace
from registry.errors import MalformedEvidence, NotShown
from registry.evidence import container
from registry.evidence.case_file import CaseFile
from registry.evidence.examination import examine
from registry.log.policy import Policy
from registry.store import open_registry


def decide(client, released, device, suspect):
    """A case whose suspect is a device's copy, or the clean model."""
    case = client.open_case("digits-1", suspect=suspect)
    probes = client.probes(case.id)
    word = released.codewords.get(device)
    answers = released.world.clean(probes) if word is None else released.world.copy(word, probes)
    noise = np.random.default_rng(5).normal(size=answers.shape)
    client.send_outputs(case.id, answers + 0.3 * noise, kind="logits")
    return case.id


@pytest.fixture
def decided(released):
    """Cases about a copy of edge-0's, about the clean model, and about the copy again."""
    client = released.service.client()
    return [decide(client, released, *about) for about in (("edge-0", "leak"), (None, "clean"), ("edge-0", "again"))]


def test_a_pack_over_http_verifies(released, decided):
    """What the service hands out passes every step, and holds both reports."""
    service = released.service
    pack = service.client("disclose").evidence(decided[0], negative=[decided[1]], positive=[decided[2]])
    policy = Policy.parse(f"log {service.client().log_key().key}\nquorum none\n".encode())
    found = examine(CaseFile(data=pack, policy=policy))
    assert found.verified, found.failed
    assert (found.accused, found.suspect) == ("edge-0", "leak")
    members = container.read(pack)
    assert members["report.pdf"].startswith(b"%PDF")
    page = members["report.html"].decode()
    assert "edge-0 is named" in page
    assert "<script" not in page
    assert "default-src 'none'" in page
    answer = service.web.get(f"/v1/cases/{decided[1]}/evidence", headers=service.auth("disclose"))
    assert answer.status_code == 422
    assert "names 0 devices" in answer.json()["detail"]


def test_only_whoever_may_disclose_gets_one(released, decided):
    """An investigator's key is refused, and another tenant knows no such case."""
    with pytest.raises(ServiceError, match="disclose"):
        released.service.client("investigate").evidence(decided[0])
    with pytest.raises(ServiceError) as caught:
        released.service.client("disclose", tenant="rival").evidence(decided[0])
    assert caught.value.problem.status == 404


def test_export_and_verify_on_the_command_line(released, decided, tmp_path, new_command):
    """Two commands: the second needs the file and a policy, and says by its exit code what it found."""
    run = new_command(released.service.data)
    policy = tmp_path / "trust.policy"
    policy.write_text(f"log {run('log', 'key', '--json')['key']}\nquorum none\n")
    out = tmp_path / "pack.zip"
    made = run("evidence", "export", decided[0], "--out", out, "--negative", decided[1], "--json")
    assert made["bytes"] == out.stat().st_size
    assert out.stat().st_mode & 0o777 == 0o600
    found = run("evidence", "verify", out, "--trust", policy, "--json")
    assert (found["verified"], found["accused"], len(found["steps"])) == (True, "edge-0", 16)
    run("evidence", "export", decided[0], "--out", out, code=1)
    out.write_bytes(out.read_bytes()[:-1])
    broken = run("evidence", "verify", out, "--trust", policy, "--json", code=1)
    assert broken["failed_step"] == 1
    run("evidence", "verify", tmp_path / "none.zip", "--trust", policy, code=1)
    run("evidence", "verify", out, code=2)


@pytest.fixture
def new_command():
    """Runs commands on a registry; what they printed as JSON, if it is that."""

    def on(data):
        def run(*arguments, code=0):
            environment = {"COUNTERMARK_DATA": str(data), "COUNTERMARK_TENANT": "acme"}
            result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)
            assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
            return json.loads(result.stdout) if "--json" in arguments else result.stdout

        return run

    return on


class Recorded:
    """A suspect in this process that says how it was asked."""

    identity, at_once = "a model in the test", None

    def __init__(self, answer):
        self._answer = answer

    def ask(self, batch):
        """Its answers."""
        return Reply(answers=self._answer(batch), exchange={"request": "sha256:" + "0a" * 32})

    def close(self):
        """It holds nothing."""


def test_the_record_of_the_exchanges_goes_into_the_pack(released, tmp_path):
    """What `ask` recorded is compared with probes and answers; another record is refused, and nothing is written."""
    with open_registry(released.service.data) as store:
        with store.reading() as registry:
            tenant = registry.tenant("acme").id
        desk = Workspace(store=store, tenant=tenant, max_array_bytes=1 << 20)
        case = desk.open_case("digits-1", suspect="asked")
        suspect = Recorded(lambda batch: released.world.copy(released.codewords["edge-0"], batch))
        path = tmp_path / "record.jsonl"
        answers = np.concatenate(list(ask_all(suspect, desk.probes(case.id), record=path, plan=Plan(batch=100))))
        desk.send_outputs(case.id, answers, kind="logits")
        record = path.read_bytes()
        pack = desk.evidence(case.id, record=record)
        policy = Policy.parse(f"log {desk.log_key().key}\nquorum none\n".encode())
        found = examine(CaseFile(data=pack, policy=policy))
        assert found.verified, found.failed
        assert found.steps[9].detail.endswith(", 4 recorded exchanges")
        assert container.read(pack)["acquisition.jsonl"] == record
        first, *rest = record.splitlines(keepends=True)
        for wrong, error in (
            (first + b"".join(rest[:-1]), NotShown),
            (first.replace(b"sha256:", b"sha256:0") + b"".join(rest), NotShown),
            (b"no record\n", MalformedEvidence),
            (b"", MalformedEvidence),
        ):
            with pytest.raises(error):
                desk.evidence(case.id, record=wrong)
