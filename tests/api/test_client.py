"""The typed client: against a real server on a loopback port, and against what is no server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import numpy as np
import pytest

from api.client import Client, ServiceError, ServiceUnreachable
from api.settings import Settings
from api.workspace import Workspace
from registry.store import open_registry


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
        answer = httpx2.post(served + "/v1/devices", content=endless(), headers=headers)
    except httpx2.TransportError:
        return  # the server answered and closed while the client was still writing
    assert answer.status_code == 413
    assert str(small) in answer.json()["detail"]


def test_client_and_workspace_agree(released):
    """What the client reads over HTTP is what a local workspace reads."""
    service, client = released.service, released.service.client()
    with open_registry(service.data) as store:
        with store.reading() as registry:
            tenant = registry.tenant("acme").id
        local = Workspace(store=store, tenant=tenant, max_array_bytes=1 << 20)
        for asked in (
            lambda desk: desk.device("edge-0"),
            lambda desk: desk.devices(limit=2),
            lambda desk: desk.helper_data("edge-1"),
            lambda desk: desk.release("digits-1"),
            lambda desk: desk.releases(),
            lambda desk: desk.pack("digits-1"),
            lambda desk: desk.copy(released.copies["edge-0"]),
            lambda desk: desk.copies("digits-1", limit=1),
            lambda desk: desk.copies_of_artefact("sha256:" + "0a" * 32),
            lambda desk: desk.cases(),
            lambda desk: desk.checkpoint(),
            lambda desk: desk.log_key(),
            lambda desk: desk.entry(0),
            lambda desk: desk.proof(0),
            lambda desk: desk.consistency(1),
            lambda desk: desk.api_keys(),
        ):
            assert asked(client) == asked(local)


def test_the_two_have_the_same_methods():
    """A method of one that the other lacks would break the commands for half of their users."""
    own = {"close"}
    names = [{name for name in dir(kind) if not name.startswith("_")} for kind in (Client, Workspace)]
    assert names[0] - own == names[1] - {"store", "tenant", "max_array_bytes"}


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
        Client("http://example.invalid", token="t", http=http).checkpoint()


def test_no_server_is_said():
    """A closed port is one clear error."""
    with Client("http://127.0.0.1:1", token="t") as client, pytest.raises(ServiceUnreachable, match="running"):
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
