"""Durable jobs over HTTP: asked step by step, followed, cancelled, tried again, decided early."""

import ipaddress
import json
from collections.abc import Iterator

import anyio
import httpx2
import numpy as np
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.async_client import AsyncClient
from api.cli import app as cli
from api.client import Client, ServiceError
from api.exchange import ONCE
from api.jobs import following
from api.settings import Settings
from api.sse import EventReader, ServerSentEvent
from registry.evidence.case_file import CaseFile
from registry.evidence.examination import examine
from registry.jobs import NewJob
from registry.log.policy import Policy
from registry.store import open_registry
from tests.api.serving import Leaked, leaking, listening
from tests.patience import PATIENCE, comes, until


@pytest.fixture
def leaked(released) -> Iterator[Leaked]:
    """edge-0's copy, served."""
    weight, bias = released.world.kit.head_delta(released.codewords["edge-0"])
    with leaking(released.world.weight + weight, released.world.bias + bias) as server:
        yield server


@pytest.fixture
def willing(released) -> Iterator[Client]:
    """A client of a service that asks endpoints on this machine."""
    with TestClient(create_app(settings_of(released))) as web:
        yield Client("http://testserver", token=released.service.tokens["acme"]["all"], http=web)


def settings_of(released, **more) -> Settings:
    """Settings of such a service."""
    networks = (ipaddress.ip_network("127.0.0.0/8"),)
    given = {
        "ask_endpoints": True,
        "allow_networks": networks,
        "lease_seconds": 600.0,
        "answer_seconds": PATIENCE,
        **more,
    }
    return Settings(data=released.service.data, **given)


def ended(client: Client, job_id: str) -> list:
    """All events of a job, once it has ended."""
    return list(client.job_events(job_id))


def problem(work) -> str:
    """The type of the problem that a call ends with."""
    with pytest.raises(ServiceError) as caught:
        work()
    return caught.value.problem.type.removeprefix("/problems/")


def test_a_job_asks_every_probe_once_and_decides(willing, leaked):
    """Its events count up without gaps; the record has every exchange, the credential is nowhere."""
    case = willing.open_case("digits-1", suspect="org/model")
    job = willing.open_job(case.id, leaked.described(), token="hush", batch=64)
    events = ended(willing, job.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.name for event in events] == ["opened", *["answered"] * 7, "decided"]
    assert [event.progress.answered for event in events[1:-1]] == [64, 128, 192, 256, 320, 384, 400]
    found = willing.job(job.id)
    assert (found.state, found.asked, found.answered, found.kind) == ("done", 400, 400, "logits")
    assert willing.verdict(case.id).named == ["edge-0"]
    assert leaked.asked == 7
    record = willing.record(case.id).decode()
    assert [line["start"] for line in map(json.loads, record.splitlines()[1:])] == list(range(0, 400, 64))
    assert "hush" not in record
    assert problem(lambda: willing.open_job(case.id, leaked.described())) == "case-decided"
    assert problem(lambda: willing.cancel_job(job.id)) == "job-ended"
    assert [item.id for item in willing.jobs().items] == [job.id]


def test_the_credential_is_sent_and_then_destroyed(willing, leaked, released):
    """It is sealed while it is needed, and no file of the registry holds it at any time."""
    case = willing.open_case("digits-1", suspect="org/model")
    job = willing.open_job(case.id, leaked.described(), token="hush-hush", batch=200)
    ended(willing, job.id)
    assert leaked.tokens == {"Bearer hush-hush"}
    for path in released.service.data.rglob("*"):
        assert not path.is_file() or b"hush-hush" not in path.read_bytes()


def test_whoever_follows_comes_back_where_it_left(willing, leaked):
    """Last-Event-ID gives what came after; 204 when everything was heard; another tenant hears nothing."""
    case = willing.open_case("digits-1", suspect="s")
    job = willing.open_job(case.id, leaked.described(), batch=100)
    events = ended(willing, job.id)
    web, path = willing._http, f"/v1/jobs/{job.id}/events"
    headers = {"Authorization": f"Bearer {willing._token}"}
    for heard in range(len(events) + 1):
        answer = web.get(path, headers={**headers, "Last-Event-ID": str(heard)})
        assert answer.status_code == (200 if heard < len(events) else 204)
        reader = EventReader()
        told = [event for line in answer.text.splitlines() if (event := reader.feed(line))]
        assert [int(event.id) for event in told] == list(range(heard + 1, len(events) + 1))
        assert list(willing.job_events(job.id, after=heard)) == events[heard:]
    assert web.get(path, headers={**headers, "Last-Event-ID": "x"}).status_code == 422


def test_tenants_do_not_meet(willing, leaked, released):
    """Another tenant's jobs are unknown; a key without the scope may not."""
    case = willing.open_case("digits-1", suspect="s")
    job = willing.open_job(case.id, leaked.described())
    rival = Client("http://testserver", token=released.service.tokens["rival"]["all"], http=willing._http)
    for work in (
        lambda: rival.job(job.id),
        lambda: rival.cancel_job(job.id),
        lambda: rival.retry_job(job.id),
        lambda: list(rival.job_events(job.id)),
    ):
        assert problem(work) == "unknown-job"
    assert problem(lambda: rival.open_job(case.id, leaked.described())) == "unknown-case"
    assert rival.jobs().items == []
    audit = Client("http://testserver", token=released.service.tokens["acme"]["audit"], http=willing._http)
    assert audit.job(job.id).id == job.id
    assert problem(lambda: audit.cancel_job(job.id)) == "wrong-scope"
    ended(willing, job.id)


def test_a_budget_is_kept_and_can_be_raised(willing, leaked):
    """The job fails before it asks too much; tried again with more it goes on and asks nothing twice."""
    case = willing.open_case("digits-1", suspect="s")
    job = willing.open_job(case.id, leaked.described(), batch=100, budget=250)
    assert ended(willing, job.id)[-1].name == "failed"
    assert "larger budget" in willing.job(job.id).failure
    assert leaked.asked == 2
    assert problem(lambda: willing.retry_job(job.id, budget=0)) == "invalid-request"
    willing.retry_job(job.id, budget=400)
    assert [event.name for event in ended(willing, job.id)][-3:] == ["answered", "answered", "decided"]
    assert leaked.asked == 4
    assert problem(lambda: willing.retry_job(job.id)) == "job-not-failed"


def test_a_cancelled_job_asks_no_more(willing, leaked):
    """The case stays open for another job."""
    case = willing.open_case("digits-1", suspect="s")
    with leaked.holding_after(1) as held:
        job = willing.open_job(case.id, leaked.described(), batch=20)
        assert problem(lambda: willing.open_job(case.id, leaked.described())) == "job-open"
        comes(held.came)
        cancelled = willing.cancel_job(job.id)
        assert (cancelled.state, cancelled.ended_at is None) == ("cancelled", False)
    until(lambda: willing.job(job.id).answered == 40)  # the step under way ends
    again = willing.open_job(case.id, leaked.described(), batch=200)
    assert ended(willing, again.id)[-1].name == "decided"
    assert willing.job(job.id).state == "cancelled"
    assert leaked.asked == 2 + 2


def test_a_refusal_fails_the_job_and_a_retry_goes_on(willing, leaked):
    """What was answered before is not asked again."""
    leaked.good = 2
    case = willing.open_case("digits-1", suspect="s")
    job = willing.open_job(case.id, leaked.described(), batch=100)
    assert [event.name for event in ended(willing, job.id)] == ["opened", "answered", "answered", "failed"]
    assert "418" in willing.job(job.id).failure
    leaked.good = 1 << 30
    willing.retry_job(job.id)
    assert ended(willing, job.id)[-1].name == "decided"
    assert leaked.asked == 5


def test_the_plan_of_the_release_stops_the_asking(willing, leaked, released, another_world):
    """After the first look that names somebody nothing more is asked; the verdict is that look's."""
    world = another_world
    willing.commit_release("planned", pack=world.pack.to_bytes(), first_look=10)
    weight, bias = world.kit.head_delta(willing.reserve_copy("planned", "edge-2").signs())
    leaked.weight, leaked.bias = world.weight + weight, world.bias + bias
    case = willing.open_case("planned", suspect="s")
    job = willing.open_job(case.id, leaked.described(), batch=40)
    events = ended(willing, job.id)
    assert events[-1].name == "decided"
    verdict = willing.verdict(case.id)
    looks = [10, 20, 40, 80, 160, 320, 400]
    assert verdict.named == ["edge-2"]
    assert verdict.probes in looks[:-1]
    assert verdict.probes == leaked.probes == willing.job(job.id).answered < 400
    assert verdict.alpha == pytest.approx(world.pack.alpha / len(looks))
    assert [event.name for event in events].count("looked") == looks.index(verdict.probes)
    pack = willing.evidence(case.id)
    found = examine(CaseFile(data=pack, policy=Policy.parse(f"log {willing.log_key().key}\nquorum none\n".encode())))
    assert found.verified, found.failed
    assert f"decided at look {looks.index(verdict.probes) + 1} of {len(looks)}" in found.steps[8].detail
    assert "recorded exchanges" in found.steps[9].detail  # the job's own record, of the probes asked


def test_a_clean_suspect_is_asked_to_the_end(willing, leaked, another_world):
    """Nobody is named at any look: unknown source, at the last look's part of alpha."""
    willing.commit_release("planned", pack=another_world.pack.to_bytes(), first_look=10)
    leaked.weight, leaked.bias = another_world.weight, another_world.bias
    noise = np.random.default_rng(5).normal(size=leaked.weight.shape) * 0.05
    leaked.weight = leaked.weight + noise
    case = willing.open_case("planned", suspect="s")
    job = willing.open_job(case.id, leaked.described(), batch=400)
    events = ended(willing, job.id)
    verdict = willing.verdict(case.id)
    assert (verdict.unknown_source, verdict.probes, leaked.probes) == (True, 400, 400)
    assert [event.name for event in events].count("looked") == 6


def test_after_a_look_whoever_sends_answers_is_refused(willing, leaked, released, another_world, tmp_path):
    """Upload, endpoint, another job, command line, before and after the job is cancelled: 409, exit code 1."""
    willing.commit_release("planned", pack=another_world.pack.to_bytes(), first_look=10)
    leaked.weight, leaked.bias = another_world.weight, another_world.bias
    leaked.good = 1
    case = willing.open_case("planned", suspect="s")
    job = willing.open_job(case.id, leaked.described(), kind="logits", batch=400)
    assert [event.name for event in ended(willing, job.id)] == ["opened", "answered", "looked", "failed"]
    answers = leaked.weight @ willing.probes(case.id).T
    answers = answers.T + leaked.bias
    np.savez(tmp_path / "a.npz", outputs=answers)
    asked, leaked.good = leaked.asked, 1 << 30
    command = ["verify", "--case", case.id, "--kind", "logits", "--outputs", str(tmp_path / "a.npz")]
    place = {"COUNTERMARK_DATA": str(released.service.data), "COUNTERMARK_TENANT": "acme", "COLUMNS": "400"}
    for way_out in ("try that job again", "open another case"):
        for work in (
            lambda: willing.send_outputs(case.id, answers, kind="logits"),
            lambda: willing.ask_endpoint(case.id, leaked.described()),
            lambda: willing.open_job(case.id, leaked.described()),
        ):
            assert problem(work) == "looks-taken"
        said = CliRunner().invoke(cli, command, env=place)
        assert said.exit_code == 1
        (line,) = said.stderr.splitlines()
        assert f"took 1 look of the plan about case {case.id}" in line
        assert way_out in line
        if way_out == "try that job again":
            willing.cancel_job(job.id)
    assert leaked.asked == asked
    assert not willing.case(case.id).decided


def test_jobs_are_refused_where_the_operator_forbids_asking(released):
    """As for endpoints that are asked at once."""
    client = released.service.client()
    case = client.open_case("digits-1", suspect="s")
    body = {"oip": "http://a.example", "model": "m"}
    assert problem(lambda: client.open_job(case.id, body)) == "model-not-admitted"
    assert client.jobs().items == []


def test_the_asynchronous_client_follows_too(leaked, released):
    """Over a real socket, event by event."""

    async def story(address: str) -> list[str]:
        async with AsyncClient(address, token=released.service.tokens["acme"]["all"]) as client:
            case = await client.open_case("digits-1", suspect="s")
            job = await client.open_job(case.id, leaked.described(), batch=200)
            return [event.name async for event in client.job_events(job.id)]

    with listening(create_app(settings_of(released))) as address:
        assert anyio.run(story, address) == ["opened", "answered", "answered", "decided"]


def test_a_stream_ends_when_the_service_is_told_to_stop(released, monkeypatch):
    """What happened is told; what is to come is not waited for."""
    monkeypatch.setattr(following, "STREAM_SECONDS", float("inf"))
    with open_registry(released.service.data) as store, store.unit() as registry:
        tenant = registry.tenant("acme").id
        case = registry.open_case(tenant, "digits-1", suspect="s")
        job = registry.open_job(tenant, case.id, NewJob(suspect="s", spec=b"{}"))
    told: list[bytes] = []

    async def follow() -> None:
        with open_registry(released.service.data) as store, anyio.fail_after(PATIENCE):
            stopping = lambda: b"opened" in b"".join(told)  # noqa: E731 - a name for a line
            async for chunk in following.stream(store, tenant, job.id, 0, stopping=stopping):
                told.append(chunk)  # noqa: PERF401 - it is looked at while it grows

    anyio.run(follow)
    reader = EventReader()
    found = [event for line in b"".join(told).decode().splitlines() if (event := reader.feed(line))]
    assert [event.event for event in found] == ["opened"]


def test_an_event_survives_its_stream():
    """What is written is read back; comments and an event that breaks off are not."""
    event = ServerSentEvent(id="7", event="answered", data='{"a":1}')
    reader, text = EventReader(), ": hello\n\n" + event.to_bytes().decode() + "id: 8\ndata: x\n"
    assert [told for line in text.splitlines() if (told := reader.feed(line))] == [event]


def test_a_stream_that_cannot_be_had_is_said(released):
    """No answer after the last attempt."""
    client = Client("http://127.0.0.1:9", token="x", retries=ONCE, http=httpx2.Client(timeout=1.0))
    with pytest.raises(Exception, match="no answer"):
        list(client.job_events("0" * 32))


def test_the_commands(place, world, tmp_path):
    """List, show, cancel and retry say what they say over HTTP; what is not there is one line."""
    assert place.json("job", "list") == {"items": [], "next": None}
    for name in ("show", "cancel", "retry", "follow"):
        place.run("job", name, "0" * 32, code=1)
        assert "there is no job" in place.stderr
