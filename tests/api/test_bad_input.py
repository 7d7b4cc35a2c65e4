"""Bad input gets one clear problem and changes nothing."""

import copy
import io
import pickle

import numpy as np
import pytest
from safetensors.numpy import save as save_safetensors

from api.client import ServiceError
from fingerprint.codeword import codeword_key

GOOD_DEVICE = {
    "name": "edge-9", "helper_data": "aGVscGVy", "identity": "0f" * 32,
    "codeword_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}  # fmt: skip


def _with(row, value) -> np.ndarray:
    def spoil(good) -> np.ndarray:
        bad = copy.deepcopy(good)
        bad[row] = value
        return bad

    return spoil


def _probs(good) -> np.ndarray:
    odds = np.exp(good - good.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


SPOILT = {
    "an axis too many": ("logits", lambda good: good[None], "wrong-shape"),
    "an axis too few": ("logits", lambda good: good[:, 0], "wrong-shape"),
    "a class too few": ("logits", lambda good: good[:, 1:], "wrong-shape"),
    "labels as columns": ("labels", lambda good: good, "wrong-shape"),
    "a row too few": ("logits", lambda good: good[1:], "probe-count-mismatch"),
    "a row too many": ("logits", lambda good: np.vstack([good, good[:1]]), "probe-count-mismatch"),
    "labels, one too few": ("labels", lambda good: good.argmax(1)[1:], "probe-count-mismatch"),
    "no rows": ("logits", lambda good: good[:0], "probe-count-mismatch"),
    "NaN": ("logits", _with(3, np.nan), "not-finite"),
    "infinity": ("logits", _with(3, np.inf), "not-finite"),
    "minus infinity": ("logprobs", _with(3, -np.inf), "not-finite"),
    "NaN labels": ("labels", lambda good: np.full(len(good), np.nan), "not-finite"),
    "constant logits": ("logits", np.ones_like, "constant-outputs"),
    "constant labels": ("labels", lambda good: np.ones(len(good), dtype=int), "constant-outputs"),
    "logits called probabilities": ("probs", lambda good: good, "not-probabilities"),
    "logits called log-probabilities": ("logprobs", lambda good: good, "not-probabilities"),
    "probabilities that sum to two": ("probs", lambda good: 2 * _probs(good), "not-probabilities"),
    "a negative probability": ("probs", lambda good: _with((0, 0), -0.5)(_probs(good)), "not-probabilities"),
    "a label that is no class": ("labels", lambda good: _with(0, 6)(good.argmax(1)), "label-out-of-range"),
    "a negative label": ("labels", lambda good: _with(0, -1)(good.argmax(1)), "label-out-of-range"),
    "a label between two classes": ("labels", lambda good: good.argmax(1) + 0.5, "label-out-of-range"),
}


@pytest.fixture
def case(standing):
    """An open case, and a way to send it bytes: gives status and type, after checking that nothing changed."""
    service = standing.service
    opened = service.client().open_case("digits-1", suspect="a copy")

    def send(data, kind="logits") -> tuple[int, str]:
        before = service.log_size()
        answer = service.web.post(
            f"/v1/cases/{opened.id}/outputs",
            params={"kind": kind},
            content=data,
            headers=service.auth("investigate"),
        )
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["way_out"]
        assert problem["detail"]
        assert service.log_size() == before
        assert not service.client().case(opened.id).decided
        return answer.status_code, problem["type"].removeprefix("/problems/")

    return send


@pytest.mark.parametrize("name", SPOILT)
def test_answers_that_cannot_be_used_leave_the_case_open(standing, case, as_npz, name):
    """Each kind of unusable answers has its own problem; no verdict, no log entry."""
    kind, spoil, expected = SPOILT[name]
    good = standing.world.clean(standing.world.pack.probes)
    assert case(as_npz(spoil(good)), kind) == (422, expected)


@pytest.mark.parametrize("kind", ["", "scores", "LOGITS"])
def test_a_kind_that_nobody_defined_is_refused(standing, case, as_npz, kind):
    """The kinds are listed in the problem."""
    good = standing.world.clean(standing.world.pack.probes)
    assert case(as_npz(good), kind) == (422, "invalid-request")


def test_files_that_cannot_be_read_leave_the_case_open(standing, case, as_npz):
    """Truncated, empty, unknown, pickled and oversized files are told apart."""
    good = as_npz(standing.world.clean(standing.world.pack.probes))
    assert case(good[:-7]) == (422, "answers-malformed")
    assert case(save_safetensors({"outputs": np.ones((400, 6))})[:-1]) == (422, "answers-malformed")
    assert case(b"") == (422, "answers-malformed")
    assert case(b"hello") == (415, "answers-unknown-format")
    assert case(pickle.dumps(np.ones(3))) == (422, "answers-unsafe")
    assert case(as_npz(np.array([{}], dtype=object))) == (422, "answers-unsafe")
    assert case(save_safetensors({"a": np.ones(3), "b": np.ones(3)})) == (422, "answers-ambiguous")
    assert case(as_npz(np.ones(3, dtype=complex))) == (422, "answers-wrong-type")
    assert case(bytes((1 << 20) + 1)) == (413, "body-too-large")


def test_an_array_larger_than_the_limit_is_refused(case):
    """A small file that unpacks to more than the limit is refused by what it declares."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, outputs=np.zeros((1 << 17) + 1))
    assert case(buffer.getvalue()) == (413, "answers-too-large")


def test_probes_of_another_release_do_not_pass_for_this_one(standing, case, as_npz, another_world):
    """Answers to another release's probes carry no evidence here: the source stays unknown."""
    service = standing.service
    opened = service.client().open_case("digits-1", suspect="answers to other probes")
    logits = another_world.clean(another_world.pack.probes)
    assert service.client().send_outputs(opened.id, as_npz(logits), kind="logits").unknown_source


def test_a_decided_case_takes_no_second_answer(standing, as_npz):
    """The first verdict stands."""
    client = standing.service.client()
    opened = client.open_case("digits-1", suspect="a copy")
    good = as_npz(standing.world.copy(standing.codewords["edge-0"], standing.world.pack.probes))
    first = client.send_outputs(opened.id, good, kind="logits")
    before = standing.service.log_size()
    with pytest.raises(ServiceError) as caught:
        client.send_outputs(opened.id, good, kind="labels")
    assert caught.value.problem.type == "/problems/case-decided"
    assert client.verdict(opened.id).verdict_digest == first.verdict_digest
    assert standing.service.log_size() == before


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"name": ""}, {"name": 7}, {"name": "x" * 129}, {"name": "a/b"}, {"name": " a"},
        {"name": "a\n"},
        {"helper_data": "not base64"}, {"helper_data": 7}, {"helper_data": ""}, {"codeword_key": "AAEC"},
        {"identity": ""}, {"identity": 5}, {"response": "010101"}, {"name": ["edge-9"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_device_that_cannot_be_enrolled_is_one_clear_problem(standing, change):
    """Missing, unknown and ill-typed fields; names that are none; keys of another size."""
    body, service = {**GOOD_DEVICE, **change}, standing.service
    before = service.log_size()
    answer = service.web.post("/v1/devices", json=body, headers=service.auth("release"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert GOOD_DEVICE["codeword_key"] not in answer.text
    assert service.log_size() == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 5000], ids=repr)
def test_a_body_that_is_no_object_is_one_clear_problem(standing, body):
    """Empty, cut, of another type, not text, and deeper than any parser should follow."""
    headers = {**standing.service.auth("release"), "Content-Type": "application/json"}
    answer = standing.service.web.post("/v1/devices", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.json()["type"] in {"/problems/invalid-request", "/problems/bad-request"}


def test_names_and_states_have_their_own_problems(released, another_world):
    """Duplicates, unknown things and revoked devices are told apart, and the log does not grow."""
    service, client = released.service, released.service.client()
    client.revoke_device("edge-2")
    before = service.log_size()
    pack = released.world.pack.to_bytes()
    copy_id, digest = released.copies["edge-0"], "sha256:" + "0c" * 32
    key = codeword_key(b"k" * 32)
    cases = {
        "duplicate-name": [
            lambda: client.enroll_device("edge-0", helper_data=b"h", identity="0f" * 32, codeword_key=key),
            lambda: client.commit_release("digits-1", pack=another_world.pack.to_bytes()),
            lambda: client.create_api_key("all", ["audit"]),
        ],
        "duplicate-release": [lambda: client.commit_release("digits-2", pack=pack)],
        "pack-malformed": [
            lambda: client.commit_release("digits-2", pack=pack[:-1]),
            lambda: client.commit_release("digits-2", pack=b""),
            lambda: client.commit_release("digits-2", pack=b"PK" + pack),
        ],
        "unknown-device": [
            lambda: client.device("edge-7"),
            lambda: client.helper_data("edge-7"),
            lambda: client.revoke_device("edge-7"),
            lambda: client.reserve_copy("digits-1", "edge-7"),
        ],
        "unknown-release": [
            lambda: client.release("digits-7"),
            lambda: client.pack("digits-7"),
            lambda: client.reserve_copy("digits-7", "edge-0"),
            lambda: client.open_case("digits-7", suspect="x"),
            lambda: client.copies("digits-7"),
        ],
        "unknown-copy": [lambda: client.issue_copy("0" * 32, artefact_digest=digest, method="minted")],
        "unknown-case": [lambda: client.case("0" * 32), lambda: client.verdict("0" * 32)],
        "unknown-entry": [lambda: client.entry(10**6), lambda: client.proof(10**6), lambda: client.consistency(10**6)],
        "device-revoked": [lambda: client.reserve_copy("digits-1", "edge-2")],
        "already-revoked": [lambda: client.revoke_device("edge-2")],
        "already-issued": [lambda: client.issue_copy(copy_id, artefact_digest=digest, method="minted")],
        "case-undecided": [lambda: client.verdict(client.open_case("digits-1", suspect="x").id)],
        "malformed-name": [lambda: client.open_case("digits-1", suspect=" spaces ")],
    }
    for expected, calls in cases.items():
        for call in calls:
            with pytest.raises(ServiceError) as caught:
                call()
            assert caught.value.problem.type == f"/problems/{expected}"
    assert service.log_size() == before


def test_addresses_and_methods_that_are_not_there(service):
    """The web framework's own errors are problem documents too."""
    missing = service.web.get("/v1/nothing")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/no-such-address")
    wrong = service.web.put("/v1/devices")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method-not-allowed")
    assert wrong.headers["allow"] == "GET, POST"
