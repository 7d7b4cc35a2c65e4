"""Durable jobs over uploaded models: run step by step, killed, tried again, decided; the file is gone afterwards."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.client import Client
from api.settings import Settings
from registry.store import open_registry
from tests.api.serving import listening
from tests.api.suspects.conftest import endless, greedy
from tests.api.test_jobs import ended, problem
from tests.api.test_stepping import job_of
from tests.api.test_suspects import ARCHITECTURE, _onnx, _weights
from tests.patience import until


@pytest.fixture
def architecture(released):
    """The architecture of the copies, registered with the service as `student`."""
    folder = released.service.data / "architectures"
    folder.mkdir()
    path = folder / "student.json"
    path.write_text(ARCHITECTURE)
    return path


@pytest.fixture
def weights(released) -> bytes:
    """edge-0's copy as safetensors."""
    weight, bias = _weights(released)
    return save({"fc.weight": weight, "fc.bias": bias})


def settings_of(released, **more) -> Settings:
    """Settings of a service that runs models and asks no endpoints."""
    return Settings(data=released.service.data, run_models=True, lease_seconds=600.0, **more)


def sealed(released) -> set[str]:
    """Names of the sealed files of the registry."""
    return {path.name for path in (released.service.data / "packs").iterdir()}


@pytest.fixture
def willing(released, architecture):
    """A client of such a service."""
    with TestClient(create_app(settings_of(released))) as web:
        yield Client("http://testserver", token=released.service.tokens["acme"]["all"], http=web)


def test_an_uploaded_model_is_run_step_by_step(willing, released):
    """Every probe once, every step in the record; the file is kept sealed, and destroyed when the job is done."""
    model = _onnx(*_weights(released))
    case = willing.open_case("digits-1", suspect="org/model")
    before = sealed(released)
    job = willing.open_model_job(case.id, model, batch=250)
    (kept,) = sealed(released) - before
    assert model[-200:] not in (released.service.data / "packs" / kept).read_bytes()
    assert [event.name for event in ended(willing, job.id)] == ["opened", "answered", "answered", "decided"]
    found = willing.job(job.id)
    assert (found.state, found.asked, found.answered, found.kind) == ("done", 400, 400, "logits")
    assert willing.verdict(case.id).named == ["edge-0"]
    lines = [json.loads(line) for line in willing.record(case.id).splitlines()]
    assert lines[0]["suspect"].startswith("onnx sha256:")
    assert [line["start"] for line in lines[1:]] == [0, 250]
    until(lambda: kept not in sealed(released))


def test_a_failed_job_goes_on_with_the_architecture_that_it_was_opened_with(willing, released, architecture, weights):
    """A budget fails it, the operator changes the architecture meanwhile, a retry goes on and asks nothing twice."""
    case = willing.open_case("digits-1", suspect="s")
    job = willing.open_model_job(case.id, weights, architecture="student", batch=200, budget=200)
    assert ended(willing, job.id)[-1].name == "failed"
    architecture.write_text("{}")
    willing.retry_job(job.id, budget=400)
    assert [event.name for event in ended(willing, job.id)][-2:] == ["answered", "decided"]
    assert willing.job(job.id).asked == 400


def test_a_cancelled_job_leaves_no_file(released, architecture, weights):
    """Nobody works here: what waits is cancelled, and the file is gone at once; the case takes another job."""
    with TestClient(create_app(settings_of(released, workers=0))) as web:
        client = Client("http://testserver", token=released.service.tokens["acme"]["all"], http=web)
        case = client.open_case("digits-1", suspect="s")
        before = sealed(released)
        job = client.open_model_job(case.id, weights, architecture="student")
        assert len(sealed(released) - before) == 1
        assert client.cancel_job(job.id).state == "cancelled"
        assert sealed(released) == before
        again = client.open_model_job(case.id, weights, architecture="student")
        client.cancel_job(again.id)


def test_a_file_that_a_kill_left_behind_is_removed_by_the_next_service(released, architecture, weights):
    """Its job was cancelled and committed so, and nobody was left to remove it; the file of a job that waits stays."""
    with TestClient(create_app(settings_of(released, workers=0))) as web:
        client = Client("http://testserver", token=released.service.tokens["acme"]["all"], http=web)
        before = sealed(released)
        opened = [
            client.open_model_job(client.open_case("digits-1", suspect="s").id, weights, architecture="student").id
            for _ in range(2)
        ]
    with open_registry(released.service.data) as store, store.unit() as registry:
        registry.cancel_job(registry.tenant("acme").id, opened[0])
    assert len(sealed(released) - before) == 2
    with TestClient(create_app(settings_of(released, workers=0))):
        assert len(sealed(released) - before) == 1


def test_what_is_no_model_opens_no_job(willing, released, weights):
    """Refused at once, with the way out, and nothing is kept; where the operator runs none, all are."""
    case, before = willing.open_case("digits-1", suspect="s"), sealed(released)
    for data, name, says in (
        (b"\x80\x04N.", None, "model-unsafe"),
        (weights, None, "model-unfit"),
        (weights, "teacher", "model-unfit"),
    ):
        assert problem(lambda data=data, name=name: willing.open_model_job(case.id, data, architecture=name)) == says
    assert problem(lambda: willing.open_model_job(case.id, weights, batch=4097)) == "invalid-request"
    strict = released.service.client()
    refused = lambda: strict.open_model_job(case.id, weights, architecture="student")  # noqa: E731 - a name for a line
    assert problem(refused) == "model-not-admitted"
    assert willing.jobs().items == []
    assert sealed(released) == before


class Desk:
    """Commands about the model's file."""

    def __init__(self, released, architecture, weights, path) -> None:
        self.released, self.model = released, path / "model.safetensors"
        self.model.write_bytes(weights)
        self.given = {"COUNTERMARK_DATA": str(released.service.data), "COUNTERMARK_TENANT": "acme"}
        self.given["COUNTERMARK_LEASE_SECONDS"] = "0.5"
        self.verify = (
            "verify", str(self.model), "--architecture", str(architecture), "--durable", "--release", "digits-1",
        )  # fmt: skip

    def run(self, *args: object, code=0, **more: str):
        """A command with --json, in this process."""
        result = CliRunner().invoke(app, [*map(str, args), "--json"], env={**self.given, **more})
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        return result


@pytest.fixture
def desk(released, architecture, weights, tmp_path) -> Desk:
    """The model's file, and commands."""
    return Desk(released, architecture, weights, tmp_path)


def test_a_model_s_job_outlives_the_command_that_is_killed(desk):
    """`kill -9` of the process that does the steps: the next one goes on, and runs no answered probe again."""
    command = [sys.executable, "-m", "api.cli", *desk.verify, "--batch", "150"]
    with subprocess.Popen(command, env={**os.environ, **desk.given}, stderr=subprocess.PIPE, text=True) as first:
        job_id = first.stderr.readline().split()[1]
        with open_registry(desk.released.service.data) as store:
            with store.reading() as registry:
                tenant = registry.tenant("acme").id
            until(lambda: job_of(store, tenant, job_id).answered)
            first.kill()
        first.communicate()
    verdict = json.loads(desk.run("job", "follow", job_id, "--work").stdout)
    assert (verdict["named"], verdict["job"]) == (["edge-0"], job_id)
    found = json.loads(desk.run("job", "show", job_id).stdout)
    assert (found["state"], found["answered"]) == ("done", 400)
    assert found["asked"] - 400 in (0, 100, 150)  # the step that was killed, if one was


@pytest.mark.parametrize(
    ("model", "option", "said"),
    [
        (greedy, ("--model-memory", 300), "more than 300 MiB"),
        (endless, ("--model-seconds", 1), "1 s of processor time"),
    ],
    ids=["memory", "seconds"],
)
def test_whoever_does_the_steps_says_what_a_run_may_cost(desk, model, option, said):
    """What the job met within these bounds is its failure's reason."""
    with TestClient(create_app(settings_of(desk.released, workers=0))) as web:
        client = Client("http://testserver", token=desk.released.service.tokens["acme"]["all"], http=web)
        case = client.open_case("digits-1", suspect="s")
        job = client.open_model_job(case.id, model(inputs=[("x", ["n", 24])]))
    assert said in desk.run("job", "follow", job.id, "--work", *option, code=1).stderr


def test_a_service_runs_the_model_and_the_command_follows(desk, tmp_path):
    """Over HTTP the architecture is meant by its name; a file of answers is refused."""
    np.savez(tmp_path / "a.npz", outputs=np.zeros((400, 6)))
    with listening(create_app(settings_of(desk.released))) as address:
        token = desk.released.service.tokens["acme"]["investigate"]
        there = {"COUNTERMARK_DATA": "", "COUNTERMARK_SERVER": address, "COUNTERMARK_TOKEN": token}
        assert json.loads(desk.run(*desk.verify, **there).stdout)["named"] == ["edge-0"]
        refused = desk.run("verify", tmp_path / "a.npz", "--durable", "--release", "digits-1", code=1, **there)
        assert "file of answers" in refused.stderr
