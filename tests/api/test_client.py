"""The typed client: against a real server on a loopback port, and against what is no server."""

import inspect
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import anyio
import httpx2
import numpy as np
import pytest

from api.async_client import AsyncClient
from api.client import Client, Retries, ServiceError, ServiceUnreachable
from api.exchange import ONCE
from api.settings import Settings
from api.workspace import Workspace
from fingerprint import canonical, possession
from registry.store import open_registry
from tests.patience import PATIENCE


def test_the_main_job_over_a_real_socket(released, served):
    """A leaked copy is named through a server process's own HTTP stack."""
    with Client(served + "/", token=released.service.tokens["acme"]["investigate"]) as client:
        case = client.open_case("digits-1", suspect="model at example.com")
        answers = released.world.copy(released.codewords["edge-0"], client.probes(case.id))
        verdict = client.send_outputs(case.id, answers, kind="logits")
        assert verdict.named == ["edge-0"]
        assert client.cases().items[0].decided
        with pytest.raises(ServiceError, match="scope") as caught:
            client.api_keys()
        assert caught.value.problem.status == 403


def test_an_endless_upload_is_cut_by_the_real_server(released, served):
    """A body that never ends is answered 413 long before it ends."""

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1 << 20)

    small = Settings().max_body_bytes
    headers = {**released.service.auth(), "Content-Type": "application/json"}
    try:
        answer = httpx2.post(served + "/v1/devices", content=endless(), headers=headers, timeout=PATIENCE)
    except httpx2.TransportError:
        return  # the server answered and closed while the client was still writing
    assert answer.status_code == 413
    assert str(small) in answer.json()["detail"]


def test_client_and_workspace_agree(released):
    """What the client reads over HTTP is what a local workspace reads."""
    service, client = released.service, released.service.client()
    challenge = client.open_challenge("edge-0", purpose="x").id
    with open_registry(service.data) as store:
        with store.reading() as registry:
            tenant = registry.tenant("acme").id
        local = Workspace(store=store, tenant=tenant, max_array_bytes=1 << 20)
        for asked in (
            lambda desk: desk.device("edge-0"),
            lambda desk: desk.devices(limit=2),
            lambda desk: desk.helper_data("edge-1"),
            lambda desk: desk.challenge(challenge),
            lambda desk: desk.release("digits-1"),
            lambda desk: desk.releases(),
            lambda desk: desk.pack("digits-1"),
            lambda desk: desk.copy(released.copies["edge-0"]),
            lambda desk: desk.copies("digits-1", limit=1),
            lambda desk: desk.copies_of_artefact("sha256:" + "0a" * 32),
            lambda desk: desk.copies_of_artefact("sha256:" + "0a" * 32, after="MToy", limit=1),
            lambda desk: desk.cases(),
            lambda desk: desk.checkpoint(),
            lambda desk: desk.log_key(),
            lambda desk: desk.entry(0),
            lambda desk: desk.proof(0),
            lambda desk: desk.timestamps(0, limit=1),
            lambda desk: desk.consistency(1),
            lambda desk: desk.api_keys(),
        ):
            assert asked(client) == asked(local)


def test_the_two_have_the_same_methods():
    """A method of one that the other lacks would break the commands for half of their users."""
    own = {"close", "send_model", "ask_endpoint", "open_job", "open_model_job", "record"}  # what only a service does
    kinds = (Client, AsyncClient, Workspace)
    names = [{name for name in dir(kind) if not name.startswith("_")} for kind in kinds]
    assert names[0] == names[1]
    assert names[0] - own == names[2] - {"store", "tenant", "max_array_bytes", "claim", "once", "require_decidable"}
    for name in names[0]:
        parameters = [list(inspect.signature(getattr(kind, name)).parameters) for kind in kinds[:2]]
        assert parameters[0] == parameters[1]


def test_keys_expire_and_are_revoked(service):
    """A revoked key is not known any more; one in the past cannot be made."""
    client = service.client()
    made = client.create_api_key("short", ["audit"], expires_at=datetime.now(UTC) + timedelta(days=1))
    other = Client("http://testserver", token=made.token, http=service.web)
    assert other.checkpoint().size == 0
    assert client.revoke_api_key(made.id).revoked_at
    with pytest.raises(ServiceError) as caught:
        other.checkpoint()
    assert caught.value.problem.type == "/problems/unknown-token"
    with pytest.raises(ServiceError) as caught:
        client.create_api_key("late", ["audit"], expires_at=datetime.now(UTC) - timedelta(days=1))
    assert caught.value.problem.type == "/problems/malformed-value"


def test_a_name_cannot_change_the_address(service):
    """Whatever characters a name has, it stays one part of the path."""
    client = service.client()
    for name in ("a?b=c", "a#b", "%2e%2e", "ünïcode", "a b"):
        with pytest.raises(ServiceError) as caught:
            client.device(name)
        assert caught.value.problem.type == "/problems/unknown-device", name


@pytest.mark.parametrize(("status", "text"), [(200, "<html>"), (502, "bad gateway"), (302, ""), (404, "{}")])
def test_what_is_no_service_of_ours_is_said(status, text):
    """A proxy's page or a redirect is not taken for an answer."""
    http = httpx2.Client(transport=httpx2.MockTransport(lambda request: httpx2.Response(status, text=text)))
    with pytest.raises(ServiceUnreachable, match="check the address"):
        Client("http://example.invalid", token="t", http=http, retries=ONCE).checkpoint()


def test_no_server_is_said():
    """A closed port is one clear error."""
    with (
        Client("http://127.0.0.1:1", token="t", retries=ONCE) as client,
        pytest.raises(ServiceUnreachable, match="running"),
    ):
        client.checkpoint()


def test_answers_may_be_an_array_or_a_file(standing, as_npz):
    """Both give the same verdict."""
    client = standing.service.client()
    logits = standing.world.copy(standing.codewords["edge-0"], standing.world.pack.probes)
    sent = [
        client.send_outputs(client.open_case("digits-1", suspect="x").id, answers, kind="logits")
        for answers in (logits, as_npz(logits), np.asfortranarray(logits))
    ]
    assert len({verdict.observation_digest for verdict in sent}) == 1


def test_a_commitment_is_made_and_fetched(service, world):
    """Reference models and looks over HTTP; the bytes that come back hash to what the log says."""
    client, models = service.client(), ["sha256:" + "0b" * 32, "sha256:" + "0a" * 32]
    made = client.commit_release("digits-1", pack=world.pack.to_bytes(), reference_models=models, first_look=30)
    data = client.commitment("digits-1")
    assert canonical.digest(data) == made.commitment_digest
    fields = json.loads(data)
    assert fields["reference_models"] == sorted(models)
    assert fields["sequential_plan"]["looks"][0][0] == 30
    with pytest.raises(ServiceError, match="reference_model"):
        client.commit_release("digits-2", pack=world.pack.to_bytes(), reference_models=["md5:0"])


def test_the_asynchronous_client_does_the_main_job(released, served):
    """Every method, awaited, gives what the synchronous one gives; a leaked copy is named."""

    async def job() -> list:
        async with AsyncClient(served, token=released.service.tokens["acme"]["all"]) as client:
            case = await client.open_case("digits-1", suspect="a copy")
            answers = released.world.copy(released.codewords["edge-0"], await client.probes(case.id))
            verdict = await client.send_outputs(case.id, answers, kind="probs" if answers.min() >= 0 else "logits")
            assert verdict.named == ["edge-0"]
            await client.enroll_device("edge-9", helper_data=b"h", identity="0f" * 32, codeword_key=bytes(range(32)))
            key = possession.public_key(bytes(32))
            await client.reenroll_device("edge-9", helper_data=b"h2", identity="0f" * 32, possession_key=key)
            asked = await client.open_challenge("edge-9", purpose="x")
            signature = possession.sign(bytes(32), possession.Challenge.from_bytes(asked.message))
            proven = await client.prove_possession(asked.id, public_key=key, signature=signature)
            assert proven == (await client.challenge(asked.id)).possession
            reserved = await client.reserve_copy("digits-1", "edge-9")
            await client.issue_copy(reserved.copy_id, artefact_digest="sha256:" + "0d" * 32, method="minted")
            made = await client.create_api_key("k", ["audit"])
            await client.revoke_api_key(made.id)
            await client.revoke_device("edge-9")
            with pytest.raises(ServiceError):
                await client.commit_release("digits-1", pack=released.world.pack.to_bytes())
            return [
                await client.verdict(case.id),
                await client.case(case.id),
                await client.cases(),
                await client.device("edge-0"),
                await client.devices(),
                await client.helper_data("edge-0"),
                await client.release("digits-1"),
                await client.releases(),
                await client.pack("digits-1"),
                await client.copy(reserved.copy_id),
                await client.copies("digits-1"),
                await client.copies_of_artefact("sha256:" + "0d" * 32),
                await client.commitment("digits-1"),
                await client.checkpoint(),
                await client.log_key(),
                await client.entry(0),
                await client.proof(0),
                await client.timestamps(0),
                await client.consistency(1),
                await client.api_keys(),
            ]

    got = anyio.run(job)
    client = released.service.client()
    case, copy = got[1].id, got[9].id
    assert got == [
        client.verdict(case), client.case(case), client.cases(), client.device("edge-0"), client.devices(),
        client.helper_data("edge-0"), client.release("digits-1"), client.releases(), client.pack("digits-1"),
        client.copy(copy), client.copies("digits-1"), client.copies_of_artefact("sha256:" + "0d" * 32),
        client.commitment("digits-1"), client.checkpoint(), client.log_key(), client.entry(0), client.proof(0),
        client.timestamps(0), client.consistency(1), client.api_keys(),
    ]  # fmt: skip


class Flaky:
    """A transport that gives its answers one after the other; an exception is raised."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.keys: list[str | None] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """One request."""
        self.keys.append(request.headers.get("idempotency-key"))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


BUSY = httpx2.Response(503, headers={"Retry-After": "7"}, json={})
RUNNING = httpx2.Response(409, json={"type": "/problems/request-in-flight"})
CASE = {"id": "1", "release": "r", "suspect": "s", "opened_at": "2027-01-31T12:00:00Z", "decided": False}
DONE = httpx2.Response(200, json=CASE)


def _flaky(*answers, **retries) -> tuple:
    flaky, slept = Flaky(*answers), []
    http = httpx2.Client(transport=httpx2.MockTransport(flaky))
    policy = Retries(draw=lambda: 1.0, **retries)
    return Client("http://x.invalid", token="t", http=http, retries=policy, sleep=slept.append), flaky, slept


def test_a_request_is_sent_again_under_the_same_key():
    """A lost connection, a busy service and a request still running are waited for; each wait has its reason."""
    client, flaky, slept = _flaky(httpx2.ReadError("lost"), BUSY, RUNNING, DONE)
    assert client.open_case("r", suspect="s").id == "1"
    assert slept == [0.25, 7.0, 1.0]
    assert len(set(flaky.keys)) == 1
    assert uuid.UUID(flaky.keys[0])


def test_reading_needs_no_key():
    """GET is idempotent as it is."""
    client, flaky, _ = _flaky(httpx2.ConnectError("lost"), DONE)
    assert client.case("1").id == "1"
    assert flaky.keys == [None, None]


def test_it_ends_after_the_last_attempt():
    """What the last answer says is what the caller gets."""
    client, _, slept = _flaky(*[httpx2.ConnectError("lost")] * 2, attempts=2)
    with pytest.raises(ServiceUnreachable, match="running"):
        client.case("1")
    assert slept == [0.25]


def test_a_wait_longer_than_the_longest_ends_it_at_once():
    """A service that says to come back in an hour is not waited for."""
    hour = httpx2.Response(429, headers={"Retry-After": "3600"}, json={})
    client, _, slept = _flaky(hour)
    with pytest.raises(ServiceUnreachable):
        client.case("1")
    assert slept == []


def test_a_problem_is_no_reason_to_try_again(service):
    """404 is an answer."""
    slept = []
    client = Client("http://testserver", token=service.tokens["acme"]["all"], http=service.web, sleep=slept.append)
    with pytest.raises(ServiceError):
        client.device("nobody")
    assert slept == []
