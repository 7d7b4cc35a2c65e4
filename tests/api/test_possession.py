"""Proof of possession over HTTP: each outcome and each refusal is a problem of its own, and nothing is tried twice."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from api.client import ServiceError
from fingerprint import canonical, possession
from registry.log.tree import leaf_hash
from registry.store import open_registry


def key_of(name) -> bytes:
    """The device key behind `conftest.enroll`."""
    return name.encode() * 32


def signed(challenge, name="edge-0") -> dict[str, bytes]:
    """The answer of the device of that name."""
    asked = possession.Challenge.from_bytes(challenge.message)
    return {"public_key": possession.public_key(key_of(name)), "signature": possession.sign(key_of(name), asked)}


def problem_of(call) -> str:
    """The kind of problem that a call ends in."""
    with pytest.raises(ServiceError) as caught:
        call()
    assert caught.value.problem.way_out
    return caught.value.problem.type.removeprefix("/problems/")


def test_the_enrolled_device_is_proven(standing):
    """Challenge, answer, record, and an inclusion proof of the entry that holds digests only."""
    client = standing.service.client("investigate")
    challenge = client.open_challenge("edge-0", purpose="seizure 17/2026", seconds=3600)
    assert (challenge.used_at, challenge.possession) == (None, None)
    proven = client.prove_possession(challenge.id, **signed(challenge))
    assert (proven.outcome, proven.device, proven.purpose) == ("proven", "edge-0", "seizure 17/2026")
    assert proven.challenge_digest == canonical.digest(challenge.message)
    seen = standing.service.client("audit").challenge(challenge.id)
    assert seen.used_at
    assert seen.possession.model_dump(exclude={"log"}) == proven.model_dump(exclude={"log"})
    entry = client.entry(proven.log.entry_index).data
    assert leaf_hash(entry) == proven.log.proof.leaf_hash
    assert b"edge-0" not in entry
    assert b"seizure" not in entry
    assert proven.key_digest.encode() in entry


def test_every_refusal_is_a_problem_of_its_own(released):
    """Another's key, an altered proof, a second try, an expired, an unknown challenge, no key, a forgotten device."""
    service, client = released.service, released.service.client()
    foreign, altered, late, gone = (client.open_challenge("edge-0", purpose="x") for _ in range(4))
    bad = {**signed(altered), "signature": bytes(64)}
    assert problem_of(lambda: client.prove_possession(foreign.id, **signed(foreign, "edge-1"))) == (
        "foreign-possession-key"
    )
    assert problem_of(lambda: client.prove_possession(altered.id, **bad)) == "possession-proof-altered"
    for used in (foreign, altered):
        assert problem_of(lambda used=used: client.prove_possession(used.id, **signed(used))) == "challenge-used"
    assert client.challenge(foreign.id).possession.outcome == "foreign-key"
    assert client.challenge(altered.id).possession.outcome == "altered"
    assert problem_of(lambda: client.prove_possession("0" * 32, **bad)) == "unknown-challenge"
    client.enroll_device("old", helper_data=b"h", identity="0f" * 32, codeword_key=bytes(range(32)))
    assert problem_of(lambda: client.open_challenge("old", purpose="x")) == "possession-key-missing"
    assert problem_of(lambda: client.open_challenge("edge-9", purpose="x")) == "unknown-device"
    before = service.log_size()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with (
        open_registry(service.data, clock=lambda: tomorrow) as store,
        pytest.raises(Exception, match="expired"),
        store.unit() as registry,
    ):
        registry.answer_challenge(registry.tenant("acme").id, late.id, **signed(late))
    assert service.log_size() == before
    with open_registry(service.data) as store, store.unit() as registry:
        registry.forget_device(registry.tenant("acme").id, "edge-0")
    assert problem_of(lambda: client.prove_possession(gone.id, **signed(gone))) == "device-forgotten"
    assert problem_of(lambda: client.challenge(foreign.id)) == "device-forgotten"


@pytest.mark.parametrize(
    "change",
    [
        {"public_key": None}, {"public_key": ""}, {"public_key": "not base64"}, {"public_key": "AAEC"},
        {"signature": None}, {"signature": 7}, {"signature": "AAEC"}, {"private_key": "AAEC"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_answer_uses_nothing_up(standing, change):
    """Missing, short and ill-typed fields, and a private key that nobody asked for: the challenge stays open."""
    service = standing.service
    challenge = service.client().open_challenge("edge-0", purpose="x")
    good = {name: base64.b64encode(value).decode() for name, value in signed(challenge).items()}
    answer = service.web.post(
        f"/v1/challenges/{challenge.id}/proof", json={**good, **change}, headers=service.auth("investigate")
    )
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-request"
    assert service.client().challenge(challenge.id).used_at is None


@pytest.mark.parametrize(
    "body",
    [{}, {"purpose": ""}, {"purpose": 7}, {"purpose": " x"}, {"purpose": "x" * 201}, {"purpose": "x", "seconds": 0},
     {"purpose": "x", "seconds": 86_401}, {"purpose": "x", "seconds": "60"}, {"purpose": "x", "nonce": "AAEC"}],
    ids=str,
)  # fmt: skip
def test_a_challenge_out_of_form_is_one_clear_problem(standing, body):
    """Purposes, lifetimes and fields that are none."""
    service = standing.service
    answer = service.web.post("/v1/devices/edge-0/challenges", json=body, headers=service.auth("investigate"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_repeated_answer_gets_the_same_record(standing):
    """Under one Idempotency-Key a proof whose record got lost is answered again; under another it is used."""
    service = standing.service
    challenge = service.client().open_challenge("edge-0", purpose="x")
    body = {name: base64.b64encode(value).decode() for name, value in signed(challenge).items()}
    path, headers = f"/v1/challenges/{challenge.id}/proof", service.auth("release")
    first, second = (
        service.web.post(path, json=body, headers={**headers, "Idempotency-Key": "possession-1"}) for _ in range(2)
    )
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert service.web.post(path, json=body, headers=headers).json()["type"] == "/problems/challenge-used"


@pytest.mark.parametrize("key", ["AAEC", base64.b64encode(bytes(32)).decode(), 7])
def test_a_key_that_proves_nothing_is_not_enrolled(standing, key):
    """Another length, or a point for which anybody can sign."""
    body = {"helper_data": "aGVscGVy", "identity": "0f" * 32, "possession_key": key}
    service = standing.service
    before = service.log_size()
    answer = service.web.post("/v1/devices/edge-1/enrolments", json=body, headers=service.auth("release"))
    assert answer.status_code == 422
    assert service.log_size() == before


def test_requests_have_examples(standing):
    """The fields that a caller fills in show what goes there."""
    schemas = standing.service.web.get("/openapi.json").json()["components"]["schemas"]
    for name, fields in {
        "NewChallenge": ("purpose", "seconds"),
        "NewDevice": ("name", "possession_key"),
        "NewEnrolment": ("possession_key",),
        "Proof": ("public_key", "signature"),
    }.items():
        for field in fields:
            assert schemas[name]["properties"][field]["examples"], (name, field)
