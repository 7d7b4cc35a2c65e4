"""The application: documented, labelled, healthy, and light to import."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Never

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from api import openapi
from api.app import create_app
from api.problems import MEDIA_TYPE
from api.settings import Settings
from registry.errors import StoreMissing


@pytest.fixture(scope="module")
def description(standing):
    """The OpenAPI document."""
    return standing.service.web.get("/openapi.json").json()


def test_every_operation_is_documented(description):
    """A summary, a description, a tag, and each problem it may answer with, in its own media type."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert operation["tags"], (method, path)
            for status, response in operation["responses"].items():
                if int(status) >= 400 and path != "/readyz":
                    assert MEDIA_TYPE in response["content"], (method, path, status)
            if path.startswith("/v1"):
                assert {"401", "403"} <= set(operation["responses"]), (method, path)
                assert operation["security"], (method, path)


def test_problems_are_documented_in_their_own_media_type_only(description):
    """No answer is promised as plain JSON that comes as a problem document."""
    for methods in description["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                assert not {MEDIA_TYPE, "application/json"} <= set(response.get("content", {}))


def test_files_are_documented_as_files(description):
    """Uploads and downloads say their media types."""
    paths = description["paths"]
    sent = paths["/v1/cases/{case_id}/outputs"]["post"]["requestBody"]["content"]
    assert {"application/x-npz", "application/vnd.safetensors"} <= set(sent)
    got = paths["/v1/cases/{case_id}/probes"]["get"]["responses"]["200"]["content"]
    assert set(got) == {"application/x-npz", "application/vnd.safetensors"}


def spoken(description) -> set[str]:
    """Names of the schemas of every JSON body and answer."""
    operations = [each for methods in description["paths"].values() for each in methods.values()]
    contents = [each["requestBody"]["content"] for each in operations if "requestBody" in each]
    contents += [answer.get("content", {}) for each in operations for answer in each["responses"].values()]
    schemas = [content["application/json"]["schema"] for content in contents if "application/json" in content]
    return {schema["$ref"].rpartition("/")[2] for schema in schemas if "$ref" in schema}


def test_every_body_and_answer_has_an_example_that_holds(description):
    """Of its schema's own form; none of a schema that is gone."""
    schemas = description["components"]["schemas"]
    for name in spoken(description):
        whole = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
        (example,) = schemas[name]["examples"]
        assert [error.message for error in Draft202012Validator(whole).iter_errors(example)] == [], name
    written = json.loads((Path(openapi.__file__).parent / "examples.json").read_text())
    assert set(written) <= set(schemas)


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("", False)])
def test_a_request_id_is_kept_if_harmless(standing, given, kept):
    """The caller's id comes back in header and problem; anything else is replaced by a new one."""
    answer = standing.service.web.get("/v1/devices", headers={"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert len(answer.headers.get_list("x-request-id")) == 1


def test_a_problem_says_what_and_where_and_the_way_out(standing):
    """All members of RFC 9457, and the way out."""
    answer = standing.service.web.get("/v1/devices/edge-77", headers=standing.service.auth())
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "way_out", "request_id"}
    assert (problem["type"], problem["status"]) == ("/problems/unknown-device", 404)
    assert problem["instance"] == "/v1/devices/edge-77"
    assert "edge-77" in problem["detail"]


def test_an_invalid_field_is_named_and_its_value_is_not(standing):
    """`errors` says where and why; what was sent, which may be a secret, is not repeated."""
    body = {"name": "edge-9", "codeword_key": 5, "helper_data": "c2VjcmV0", "identity": ["hush"], "extra": "hush"}
    answer = standing.service.web.post("/v1/devices", json=body, headers=standing.service.auth())
    assert {error["where"] for error in answer.json()["errors"]} == {
        "body.codeword_key", "body.identity", "body.extra",
    }  # fmt: skip
    assert "hush" not in answer.text


def test_an_unexpected_error_tells_nothing_and_is_labelled(tmp_path, template):
    """What nobody foresaw is 500 with a request id, and none of the error's text."""

    class Broken:
        """A store that fails at everything."""

        def reading(self) -> Never:
            raise RuntimeError("hush: the password is hush")

    app = create_app(Settings(data=tmp_path))
    app.state.store = Broken()
    web = TestClient(app, raise_server_exceptions=False)
    answer = web.get("/v1/devices", headers={"Authorization": "Bearer x", "X-Request-ID": "req-1"})
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "req-1"
    assert "hush" not in answer.text


def test_alive_and_ready(standing):
    """Both without a key."""
    assert standing.service.web.get("/livez").json() == {"status": "alive"}
    ready = standing.service.web.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["ready"]


def test_a_database_that_is_gone_is_not_ready(service):
    """503 when the tables are not there; the process is still alive."""
    with sqlite3.connect(service.data / "registry.db") as connection:
        connection.execute("ALTER TABLE alembic_version RENAME TO gone")
    connection.close()
    answer = service.web.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert service.web.get("/livez").status_code == 200


def test_a_service_without_a_registry_does_not_start(tmp_path):
    """The error says how to make one."""
    with pytest.raises(StoreMissing, match="init"), TestClient(create_app(Settings(data=tmp_path / "nothing"))):
        pass


def test_tampering_is_said_and_not_served(service, world):
    """A pack that was changed on disk is 500 with its own problem, never a changed pack."""
    client = service.client()
    client.commit_release("digits-1", pack=world.pack.to_bytes())
    (stored,) = (service.data / "packs").iterdir()
    changed = bytearray(stored.read_bytes())
    changed[len(changed) // 2] ^= 1
    stored.chmod(0o600)
    stored.write_bytes(bytes(changed))
    answer = service.web.get("/v1/releases/digits-1/pack", headers=service.auth())
    assert answer.status_code == 500
    assert answer.json()["type"] in {"/problems/blob-tampered", "/problems/seal-broken"}


def test_secrets_are_not_to_be_cached(service, enrolled, world):
    """Tokens and codewords say so."""
    client = service.client()
    client.commit_release("digits-1", pack=world.pack.to_bytes())
    enrolled(client, "edge-0")
    body = {"name": "new", "scopes": ["audit"]}
    key = service.web.post("/v1/api-keys", json=body, headers=service.auth())
    copy = service.web.post("/v1/releases/digits-1/copies", json={"device": "edge-0"}, headers=service.auth())
    assert key.headers["cache-control"] == copy.headers["cache-control"] == "no-store"


def test_importing_the_application_loads_nothing_heavy():
    """No torch, no scikit-learn, no pictures, nothing that only the baselines' scores need."""
    code = "import sys, json, api.app, api.client; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "sklearn", "matplotlib", "distill", "scipy.stats", "scipy.signal"} & set(
        json.loads(done.stdout)
    )
