"""A request sent twice under one Idempotency-Key is done once."""

import sqlite3
import threading
from contextlib import closing, suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.idempotency import Running
from api.once import Again, Answer, KeyReused, RequestInFlight
from api.settings import Settings
from registry.requests import Request
from tests.api.serving import process
from tests.patience import PATIENCE

DEVICE = {"name": "edge-9", "helper_data": "aGVscGVy", "identity": "0f" * 32, "codeword_key": "a2V5" * 10 + "a2U="}

CASE = {"release": "digits-1", "suspect": "a copy"}


def _send(service, path, body, key, **rest) -> tuple:
    answer = service.web.post(path, json=body, headers={**service.auth(**rest), "Idempotency-Key": key})
    return answer.status_code, answer.json(), answer.headers.get("idempotency-replayed")


def test_the_second_answer_is_the_first(standing):
    """The same status and body, marked as replayed; only one case is opened."""
    service = standing.service
    first = _send(service, "/v1/cases", CASE, "k-1")
    assert first[0] == 201
    before = len(service.client().cases(limit=1000).items)
    assert _send(service, "/v1/cases", CASE, "k-1") == (201, first[1], "true")
    assert len(service.client().cases(limit=1000).items) == before


def test_without_a_key_each_request_is_done(standing):
    """Two cases."""
    service = standing.service
    made = [service.web.post("/v1/cases", json=CASE, headers=service.auth()).json()["id"] for _ in range(2)]
    assert made[0] != made[1]


def test_a_codeword_is_drawn_once(released):
    """A retried reservation gives the same codeword, not another copy."""
    service, path = released.service, "/v1/releases/digits-1/copies"
    first = _send(service, path, {"device": "edge-2"}, "k-2")
    size = service.log_size()
    second = _send(service, path, {"device": "edge-2"}, "k-2")
    assert second[1] == first[1]
    assert second[2] == "true"
    assert service.log_size() == size


def test_a_key_stands_for_one_request(standing):
    """Another body, another address: 422; another API key: another request."""
    service = standing.service
    _send(service, "/v1/cases", CASE, "k-3")
    status, problem, _ = _send(service, "/v1/cases", {**CASE, "suspect": "another"}, "k-3")
    assert (status, problem["type"]) == (422, "/problems/key-reused")
    status, problem, _ = _send(service, "/v1/releases/digits-1/copies", CASE, "k-3")
    assert status == 422
    assert _send(service, "/v1/cases", CASE, "k-3", scope="investigate")[2] is None


def test_a_failed_request_frees_its_key(released):
    """What was refused may be right the next time."""
    service = released.service
    body = {**CASE, "release": "digits-9"}
    assert _send(service, "/v1/cases", body, "k-4")[0] == 404
    assert _send(service, "/v1/cases", CASE, "k-4")[::2] == (201, None)


def test_a_replay_needs_a_valid_key(service):
    """A revoked key gets 401, not a remembered token."""
    client = service.client()
    admin = client.create_api_key("second admin", ["admin"])
    headers = {"Authorization": f"Bearer {admin.token}", "Idempotency-Key": "k-5"}
    body = {"name": "made", "scopes": ["audit"]}
    assert service.web.post("/v1/api-keys", json=body, headers=headers).status_code == 201
    replay = service.web.post("/v1/api-keys", json=body, headers=headers)
    assert (replay.status_code, replay.headers["cache-control"]) == (201, "no-store")
    client.revoke_api_key(admin.id)
    assert service.web.post("/v1/api-keys", json=body, headers=headers).status_code == 401


def test_answers_are_sent_once_however_often_they_arrive(standing, as_npz):
    """A verdict whose answer got lost is asked for again with the same file, and is the same."""
    service, client = standing.service, standing.service.client()
    case = client.open_case("digits-1", suspect="x")
    data = as_npz(standing.world.copy(standing.codewords["edge-0"], standing.world.pack.probes))
    path, headers = f"/v1/cases/{case.id}/outputs?kind=logits", {**service.auth(), "Idempotency-Key": "k-6"}
    first, second = (service.web.post(path, content=data, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert service.web.post(path, content=data, headers=service.auth()).status_code == 409


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_without_sense_is_refused(standing, key):
    """Empty or endless."""
    assert _send(standing.service, "/v1/cases", CASE, key)[0] == 422


def test_a_running_request_is_not_begun_again():
    """Until it ends; two senders' keys have nothing to do with each other."""
    running = Running()
    first, other = Request(sender="me", key="k", fingerprint="a"), Request(sender="me", key="k", fingerprint="b")
    running.take(first)
    running.take(Request(sender="you", key="k", fingerprint="b"))
    with pytest.raises(RequestInFlight):
        running.take(Request(sender="me", key="k", fingerprint="a"))
    with pytest.raises(KeyReused):
        running.take(other)
    running.end(first)
    running.take(other)


@given(
    status=st.integers(100, 599),
    body=st.none() | st.text(),
    again=st.none() | st.tuples(st.sampled_from(Again), st.text()),
    location=st.none() | st.text(),
)
def test_an_answer_is_read_as_it_was_written(status, body, again, location):
    """Whatever it is."""
    answer = Answer(status=status, body=body, again=again, location=location)
    assert Answer.of_bytes(answer.to_text().encode()) == answer


def test_forgetting_a_device_destroys_answers(released):
    """An answer may hold its name and its copy's codeword; the key still does nothing twice."""
    service, path = released.service, "/v1/releases/digits-1/copies"
    assert _send(service, path, {"device": "edge-2"}, "k-7")[0] == 201
    size = service.log_size()
    assert _send(service, "/v1/devices/edge-1/forget", None, "k-8")[0] == 200
    status, problem, _ = _send(service, path, {"device": "edge-2"}, "k-7")
    assert (status, problem["type"]) == (409, "/problems/answer-forgotten")
    status, device, replayed = _send(service, "/v1/devices/edge-1/forget", None, "k-8")
    assert (status, replayed, service.log_size()) == (200, "true", size + 1)
    assert device["name"].startswith("forgotten")


def test_every_answer_is_the_same_byte_for_byte(released):
    """Made anew by the framework or read from the registry: one body, and the same status."""
    service = released.service
    asked = [
        ("POST", "/v1/devices", DEVICE),
        ("POST", "/v1/devices/edge-2/challenges", {"purpose": "ü"}),
        ("POST", "/v1/devices/edge-9/revoke", None),
        ("POST", "/v1/releases/digits-1/copies", {"device": "edge-2"}),
        ("POST", "/v1/cases", {**CASE, "suspect": "Gerät 7"}),
        ("POST", "/v1/holds", {"held": "device", "subject": "edge-2", "reason": "x"}),
        ("POST", "/v1/retention", {"before": "2020-01-01T00:00:00Z"}),
        ("POST", "/v1/api-keys", {"name": "new", "scopes": ["audit"]}),
    ]
    for number, (method, path, body) in enumerate(asked):
        headers = {**service.auth(), "Idempotency-Key": f"every-{number}"}
        first, second = (service.web.request(method, path, json=body, headers=headers) for _ in range(2))
        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert first.is_success
        assert [each.headers.get("idempotency-replayed") for each in (first, second)] == [None, "true"]


def test_a_service_killed_before_it_answers_did_it_once(released):
    """kill -9 as soon as the copy is in the database: after the restart a retry gets that copy's codeword."""
    data, path = released.service.data, "/v1/releases/digits-1/copies"
    headers = {**released.service.auth(), "Idempotency-Key": "killed"}
    answers, before = [], _copies(data)

    def send(address: str) -> None:
        with suppress(httpx2.TransportError):
            answers.append(httpx2.post(address + path, json={"device": "edge-2"}, headers=headers, timeout=PATIENCE))

    with process(data) as (address, service):
        sending = threading.Thread(target=send, args=(address,))
        sending.start()
        while _copies(data) == before:
            assert sending.is_alive() or answers
        service.kill()
        sending.join()
    with TestClient(create_app(Settings(data=data))) as web:
        answers += [web.post(path, json={"device": "edge-2"}, headers=headers) for _ in range(2)]
        other = web.post(path, json={"device": "edge-1"}, headers=headers)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers["idempotency-replayed"] for answer in answers[-2:]] == ["true", "true"]
    assert other.status_code == 422
    assert len(_copies(data)) == len(before) + 1
    assert answers[0].json()["copy_id"] in _copies(data)


def _copies(data) -> set[str]:
    with closing(sqlite3.connect(data / "registry.db")) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM copy")}
