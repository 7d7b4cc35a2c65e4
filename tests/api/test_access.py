"""Who may call what: a table of every endpoint, compared with what the application really has."""

import pytest

NEW_DEVICE = {"name": "edge-9", "helper_data": "aGVscGVy", "identity": "0f" * 32, "codeword_key": "a2V5" * 11}
ISSUE = {"artefact_digest": "sha256:" + "0a" * 32, "method": "minted"}
LISTS = {"release", "audit"}
CASES = {"investigate", "audit"}
LOG = {"release", "investigate", "audit"}
PROOFS = {"release", "investigate"}
PROOF = {"public_key": "a2V5" * 10 + "a2U=", "signature": "c2ln" * 21 + "cw=="}
ENROLMENT = {"helper_data": "aGVscGVy", "identity": "0f" * 32}

# endpoint -> scopes that suffice, and what else the request holds
ENDPOINTS = {
    ("POST", "/v1/devices"): ({"release"}, {"json": NEW_DEVICE}),
    ("GET", "/v1/devices"): (LISTS, {}),
    ("GET", "/v1/devices/{name}"): (LISTS, {}),
    ("GET", "/v1/devices/{name}/helper-data"): (PROOFS, {}),
    ("POST", "/v1/devices/{name}/enrolments"): ({"release"}, {"json": ENROLMENT}),
    ("POST", "/v1/devices/{name}/challenges"): (PROOFS, {"json": {"purpose": "x"}}),
    ("GET", "/v1/challenges/{challenge_id}"): (LOG, {}),
    ("POST", "/v1/challenges/{challenge_id}/proof"): (PROOFS, {"json": PROOF}),
    ("POST", "/v1/devices/{name}/revoke"): ({"release"}, {}),
    ("POST", "/v1/devices/{name}/forget"): ({"admin"}, {}),
    ("POST", "/v1/holds"): ({"admin"}, {"json": {"held": "device", "subject": "nobody", "reason": "x"}}),
    ("GET", "/v1/holds"): ({"admin"}, {}),
    ("POST", "/v1/holds/{hold_id}/lift"): ({"admin"}, {}),
    ("POST", "/v1/retention"): ({"admin"}, {"json": {"before": "2020-01-01T00:00:00Z"}}),
    ("POST", "/v1/releases"): ({"release"}, {"params": {"name": "digits-9"}, "content": b"pack"}),
    ("GET", "/v1/releases"): (LISTS, {}),
    ("GET", "/v1/releases/{name}"): (LISTS, {}),
    ("GET", "/v1/releases/{name}/commitment"): (LISTS, {}),
    ("GET", "/v1/releases/{name}/bom"): (LISTS, {}),
    ("GET", "/v1/releases/{name}/pack"): ({"release"}, {}),
    ("POST", "/v1/releases/{name}/copies"): ({"release"}, {"json": {"device": "edge-0"}}),
    ("GET", "/v1/copies"): (LISTS, {}),
    ("GET", "/v1/copies/by-artefact/{digest}"): (LISTS, {}),
    ("GET", "/v1/copies/{copy_id}"): (LISTS, {}),
    ("PUT", "/v1/copies/{copy_id}"): ({"release"}, {"json": ISSUE}),
    ("POST", "/v1/cases"): ({"investigate"}, {"json": {"release": "digits-1", "suspect": "x"}}),
    ("GET", "/v1/cases"): (CASES, {}),
    ("GET", "/v1/cases/{case_id}"): (CASES, {}),
    ("GET", "/v1/cases/{case_id}/probes"): ({"investigate"}, {}),
    ("POST", "/v1/cases/{case_id}/outputs"): ({"investigate"}, {"params": {"kind": "logits"}, "content": b"x"}),
    ("POST", "/v1/cases/{case_id}/model"): ({"investigate"}, {"content": b"x"}),
    ("POST", "/v1/cases/{case_id}/endpoint"): ({"investigate"}, {"json": {"endpoint": {}}}),
    ("POST", "/v1/cases/{case_id}/jobs"): ({"investigate"}, {"json": {"endpoint": {}}}),
    ("POST", "/v1/cases/{case_id}/jobs/model"): ({"investigate"}, {"content": b"x"}),
    ("GET", "/v1/jobs"): (CASES, {}),
    ("GET", "/v1/jobs/{job_id}"): (CASES, {}),
    ("DELETE", "/v1/jobs/{job_id}"): ({"investigate"}, {}),
    ("POST", "/v1/jobs/{job_id}/retry"): ({"investigate"}, {"json": {}}),
    ("GET", "/v1/jobs/{job_id}/events"): (CASES, {}),
    ("GET", "/v1/cases/{case_id}/record"): (CASES, {}),
    ("GET", "/v1/cases/{case_id}/verdict"): (CASES, {}),
    ("GET", "/v1/cases/{case_id}/evidence"): ({"disclose"}, {}),
    ("GET", "/v1/log/checkpoint"): (LOG, {}),
    ("GET", "/v1/log/key"): (LOG, {}),
    ("GET", "/v1/log/entries/{index}"): (LOG, {}),
    ("GET", "/v1/log/entries/{index}/timestamps"): (LOG, {}),
    ("GET", "/v1/log/proof/{index}"): (LOG, {}),
    ("GET", "/v1/log/consistency"): (LOG, {"params": {"old": 1}}),
    ("GET", "/tlog/checkpoint"): (LOG, {}),
    ("GET", "/tlog/tile/{path}"): (LOG, {}),
    ("POST", "/v1/api-keys"): ({"admin"}, {"json": {"name": "new", "scopes": ["audit"]}}),
    ("GET", "/v1/api-keys"): ({"admin"}, {}),
    ("POST", "/v1/api-keys/{key_id}/rotate"): ({"admin"}, {"json": {}}),
    ("DELETE", "/v1/api-keys/{key_id}"): ({"admin"}, {}),
}
PUBLIC = {"/livez", "/readyz", "/metrics", "/problems", "/problems/{slug}"}
FILLED = {
    "name": "nothing", "copy_id": "0" * 32, "case_id": "0" * 32, "key_id": "0" * 32, "index": 0, "hold_id": "0" * 32,
    "digest": "sha256:" + "0b" * 32, "path": "0/000.p/1", "challenge_id": "0" * 32,
    "job_id": "0" * 32,
}  # fmt: skip
SCOPES = ("release", "investigate", "audit", "disclose", "admin")


@pytest.fixture
def ask(standing):
    """Asks an endpoint as somebody; gives the answer and how many entries the log grew by."""

    def asked(endpoint, headers) -> tuple:
        method, path = endpoint
        before = standing.service.log_size()
        answer = standing.service.web.request(method, path.format(**FILLED), headers=headers, **ENDPOINTS[endpoint][1])
        return answer, standing.service.log_size() - before

    return asked


def test_the_table_holds_every_endpoint(standing):
    """An endpoint that is not in the table fails here, so none goes untested."""
    paths = standing.service.web.get("/openapi.json").json()["paths"]
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods if path not in PUBLIC}
    assert found == set(ENDPOINTS)
    assert set(paths) >= PUBLIC


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
def test_a_stranger_is_not_known(ask, endpoint):
    """No key, or a made-up one, is 401 with a challenge, and changes nothing."""
    for header in ({}, *({"Authorization": f"Bearer {token}"} for token in ("", "nonsense", "é", "cm_" + "0" * 43))):
        answer, grown = ask(endpoint, {name: value.encode() for name, value in header.items()})
        assert (answer.status_code, grown) == (401, 0)
        assert answer.json()["type"] == "/problems/unknown-token"
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
def test_a_key_without_the_scope_is_refused(ask, standing, endpoint):
    """A known key of another scope is 403, and changes nothing."""
    for scope in set(SCOPES) - ENDPOINTS[endpoint][0]:
        answer, grown = ask(endpoint, standing.service.auth(scope))
        assert (answer.status_code, grown) == (403, 0)
        assert answer.json()["type"] == "/problems/wrong-scope"


@pytest.mark.parametrize(
    "endpoint", [endpoint for endpoint in ENDPOINTS if endpoint != ("POST", "/v1/devices")], ids=" ".join
)
def test_a_key_with_the_scope_is_let_in(ask, standing, endpoint):
    """Each scope of the table suffices: what follows is about the thing asked for, not about the caller."""
    for scope in sorted(ENDPOINTS[endpoint][0]):
        answer, _ = ask(endpoint, standing.service.auth(scope))
        assert answer.status_code not in {401, 403}
        assert answer.status_code < 500


def test_another_tenants_things_are_not_there(standing):
    """Whatever is asked by name or id, another tenant gets 404, and its lists are empty."""
    service = standing.service
    case = service.client().open_case("digits-1", suspect="a copy")
    copy = standing.copies["edge-0"]
    challenge = service.client().open_challenge("edge-0", purpose="x").id
    before, rival = service.log_size(), service.auth(tenant="rival")
    asked = [
        ("GET", "/v1/devices/edge-0", {}),
        ("GET", "/v1/devices/edge-0/helper-data", {}),
        ("POST", "/v1/devices/edge-0/revoke", {}),
        ("POST", "/v1/devices/edge-0/enrolments", {"json": ENROLMENT}),
        ("POST", "/v1/devices/edge-0/challenges", {"json": {"purpose": "x"}}),
        ("GET", f"/v1/challenges/{challenge}", {}),
        ("POST", f"/v1/challenges/{challenge}/proof", {"json": PROOF}),
        ("GET", "/v1/releases/digits-1", {}),
        ("GET", "/v1/releases/digits-1/pack", {}),
        ("POST", "/v1/releases/digits-1/copies", {"json": {"device": "edge-0"}}),
        ("GET", "/v1/copies?release=digits-1", {}),
        ("GET", f"/v1/copies/{copy}", {}),
        ("PUT", f"/v1/copies/{copy}", {"json": ISSUE}),
        ("POST", "/v1/cases", {"json": {"release": "digits-1", "suspect": "x"}}),
        ("GET", f"/v1/cases/{case.id}", {}),
        ("GET", f"/v1/cases/{case.id}/probes", {}),
        ("POST", f"/v1/cases/{case.id}/outputs?kind=labels", {"content": b"\x93NUMPY"}),
        ("GET", f"/v1/cases/{case.id}/verdict", {}),
    ]
    for method, path, rest in asked:
        answer = service.web.request(method, path, headers=rival, **rest)
        assert answer.status_code == 404, path
    for path in ("/v1/devices", "/v1/releases", "/v1/copies", "/v1/cases"):
        assert service.web.get(path, headers=rival).json() == {"items": [], "next": None}
    key = service.client().api_keys().items[0].id
    assert service.web.delete(f"/v1/api-keys/{key}", headers=rival).status_code == 404
    assert service.log_size() == before


def test_another_tenants_case_takes_no_answers(standing, as_npz):
    """Well-formed answers to another tenant's case are 404, and the case stays open."""
    service, world = standing.service, standing.world
    case = service.client().open_case("digits-1", suspect="a copy")
    answer = service.web.post(
        f"/v1/cases/{case.id}/outputs?kind=logits",
        headers=service.auth(tenant="rival"),
        content=as_npz(world.clean(world.pack.probes)),
    )
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-case")
    assert not service.client().case(case.id).decided
