"""A request sent twice under one Idempotency-Key is done once."""

import pytest

from api.idempotency import KeyReused, Memory, Remembered, Replayed, RequestInFlight

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


ANSWER = Remembered(201, (), b"made")


def test_a_running_request_is_not_begun_again():
    """Until it is settled; a failure frees the key."""
    memory = Memory()
    memory.claim(("me", "k"), "a")
    with pytest.raises(RequestInFlight):
        memory.claim(("me", "k"), "a")
    with pytest.raises(KeyReused):
        memory.claim(("me", "k"), "b")
    memory.settle(("me", "k"), None)
    memory.claim(("me", "k"), "b")
    memory.settle(("me", "k"), ANSWER)
    with pytest.raises(Replayed) as caught:
        memory.claim(("me", "k"), "b")
    assert caught.value.answer.response().body == b"made"


def test_claims_are_forgotten_after_a_day_and_beyond_the_bound():
    """Memory is bounded in time, number and size."""
    now = [0.0]
    memory = Memory(entries=2, largest=4, clock=lambda: now[0])
    memory.claim(("me", "old"), "a")
    memory.settle(("me", "old"), ANSWER)
    now[0] = 86401.0
    memory.claim(("me", "old"), "b")
    memory.settle(("me", "old"), ANSWER)
    for key in ("1", "2"):
        memory.claim(("me", key), "a")
    memory.claim(("me", "old"), "c")
    memory.settle(("me", "old"), Remembered(201, (), b"longer than four"))
    memory.claim(("me", "old"), "d")
    memory.settle(("me", "unknown"), ANSWER)
