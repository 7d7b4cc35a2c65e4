"""`countermark verify --durable`: a job that outlives its command, on a data directory and over a service."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from registry.jobs import JobState
from registry.store import open_registry
from tests.api.serving import Held, Leaked, leaking, listening
from tests.api.test_jobs import settings_of
from tests.api.test_stepping import Bench, job_of
from tests.patience import PATIENCE, comes

LOOPBACK = ("--allow-network", "127.0.0.0/8")


class Desk:
    """Runs commands on the release's data directory, or at an address."""

    def __init__(self, released, leaked: Leaked, path) -> None:
        self.released, self.leaked = released, leaked
        self.description = path / "endpoint.json"
        self.description.write_text(json.dumps(leaked.described()))
        self.given = {"COUNTERMARK_DATA": str(released.service.data), "COUNTERMARK_TENANT": "acme"}
        self.given["COUNTERMARK_LEASE_SECONDS"] = "0.5"
        self.verify = ("verify", self.description, "--durable", "--release", "digits-1")

    def run(self, *args: object, code=0, **more: str):
        """A command with --json, in this process."""
        result = CliRunner().invoke(app, [*map(str, args), "--json"], env={**self.given, **more})
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        return result

    @contextmanager
    def process(self, *args: object) -> Iterator[subprocess.Popen]:
        """The same as a process of its own, killed at the end."""
        command = [sys.executable, "-m", "api.cli", *map(str, args), "--json"]
        with subprocess.Popen(
            command, env={**os.environ, **self.given}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as started:
            try:
                yield started
            finally:
                started.kill()

    def over(self, address: str) -> dict[str, str]:
        """The environment of a command that acts on the service there."""
        token = self.released.service.tokens["acme"]["investigate"]
        return {"COUNTERMARK_DATA": "", "COUNTERMARK_SERVER": address, "COUNTERMARK_TOKEN": token}


@pytest.fixture
def desk(released, tmp_path) -> Iterator[Desk]:
    """edge-0's copy, served, and its description in a file."""
    weight, bias = released.world.kit.head_delta(released.codewords["edge-0"])
    with leaking(released.world.weight + weight, released.world.bias + bias) as leaked:
        yield Desk(released, leaked, tmp_path)


def test_a_data_directory_has_its_job_done_by_the_command(desk):
    """It says what `verify` says and the job's id, asks each probe once, and leaves other jobs alone."""
    with open_registry(desk.released.service.data) as store:
        with store.reading() as registry:
            tenant = registry.tenant("acme").id
        other = Bench(desk.released, desk.leaked).opened(store, tenant, priority=5)
    plain = json.loads(desk.run(*[arg for arg in desk.verify if arg != "--durable"], *LOOPBACK, "--record",
                                desk.description.with_suffix(".record")).stdout)  # fmt: skip
    desk.leaked.probes = 0
    verdict = json.loads(desk.run(*desk.verify, *LOOPBACK, "--batch", 100).stdout)
    assert (verdict["named"], desk.leaked.probes) == (["edge-0"], 400)
    assert set(verdict) == {*plain, "job"}
    with open_registry(desk.released.service.data) as store:
        assert job_of(store, tenant, verdict["job"]).state == JobState.DONE
        assert job_of(store, tenant, other).state == JobState.WAITING
    out = desk.description.with_suffix(".jsonl")
    shown = json.loads(desk.run("case", "record", verdict["case_id"], "--out", out).stdout)
    assert shown["exchanges"] == len(out.read_text().splitlines()) - 1 == 4
    desk.leaked.weight, desk.leaked.bias = desk.released.world.weight[::-1], desk.released.world.bias
    assert json.loads(desk.run(*desk.verify, *LOOPBACK, "--batch", 400, code=3).stdout)["named"] == []


def test_a_service_does_the_job_and_the_command_follows(desk):
    """The same keys, record and exit codes; what the operator decides cannot be said, a failed job is one error."""
    with listening(create_app(settings_of(desk.released))) as address:
        there = desk.over(address)
        verdict = json.loads(desk.run(*desk.verify, "--batch", 200, "--priority", 7, **there).stdout)
        assert (verdict["named"], desk.leaked.probes) == (["edge-0"], 400)
        assert json.loads(desk.run("job", "follow", verdict["job"], **there).stdout) == verdict
        assert json.loads(desk.run("job", "show", verdict["job"], **there).stdout)["priority"] == 7
        out = desk.description.with_suffix(".jsonl")
        desk.run("case", "record", verdict["case_id"], "--out", out, **there)
        assert [line.count('"start"') for line in out.read_text().splitlines()] == [0, 1, 1]
        at_once = desk.run("verify", desk.description, "--release", "digits-1", "--upload", "--batch", 400, **there)
        assert (json.loads(at_once.stdout)["named"], desk.leaked.probes) == (["edge-0"], 800)
        desk.run(*desk.verify, *LOOPBACK, code=2, **there)
        desk.run("job", "follow", verdict["job"], "--work", code=2, **there)
        desk.leaked.good = 0
        failed = desk.run(*desk.verify, code=1, **there)
        assert failed.stdout == ""
        assert "error: job" in failed.stderr
        assert "418" in failed.stderr


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process started in the background ignores SIGINT; here it interrupts, as it does at a terminal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_job_outlives_the_commands_that_are_killed(desk):
    """Killed outright, then told to stop: the job goes on where it was, and no answered probe is asked again."""
    with desk.leaked.holding_after(2) as held, desk.process(*desk.verify, *LOOPBACK, "--batch", 10) as first:
        job = first.stderr.readline().split()[1]
        comes(held.came)
    with desk.leaked.holding_after(2) as held, ThreadPoolExecutor(1) as other:
        interrupted = other.submit(_interrupt, held)
        patient = {"COUNTERMARK_STOP_SECONDS": str(PATIENCE)}
        told = desk.run("job", "follow", job, "--work", *LOOPBACK, code=130, **patient)
        interrupted.result()
    assert told.stdout == ""
    assert f"countermark job follow {job} --work" in told.stderr
    verdict = json.loads(desk.run("job", "follow", job, "--work", *LOOPBACK).stdout)
    assert (verdict["named"], verdict["job"]) == (["edge-0"], job)
    assert desk.leaked.probes == 400 + 10  # the step that was killed


def _interrupt(held: Held) -> None:
    """What Ctrl-C does, amid a step, which then ends."""
    comes(held.came)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    held.told.set()
