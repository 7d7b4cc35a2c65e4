"""Writes the examples of the API's description: what a real service was sent and answered, cut short.

python -m tests.api.openapi_story > api/examples.json
"""

import base64
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.client import Client, ServiceError
from fingerprint import possession
from tests.api.released import Released, enroll, make_store, release, running
from tests.api.world import make_world, npz

ENDPOINT = {"oip": "https://models.example", "model": "digits"}
LONGEST_TEXT, MOST_ITEMS = 400, 4
TOKEN = "cmk_this-is-shown-once"


def short(value: Any, name: str = "") -> Any:
    """The value with long lists and long binary texts cut, and without a token."""
    if isinstance(value, dict):
        return {key: short(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [short(item, name) for item in value[:MOST_ITEMS]]
    if name == "token" and value:
        return TOKEN
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return base64.b64encode(base64.b64decode(value)[:33]).decode()
    return value


class Recorder:
    """Keeps one example of each schema, as it went over the wire."""

    def __init__(self, document: dict[str, Any], routes: list[Any]) -> None:
        self.paths, self.routes, self.found = document["paths"], routes, {}

    def __call__(self, response: Any) -> None:
        """Look at an answer and its request."""
        response.read()
        request, path = response.request, response.request.url.path
        route = next(each for each in self.routes if each.path_regex.match(path) and request.method in each.methods)
        described = self.paths[route.path][request.method.lower()]
        sent = described.get("requestBody", {}).get("content", {})
        self._keep(sent, request.content)
        self._keep(described["responses"].get(str(response.status_code), {}).get("content", {}), response.content)

    def _keep(self, content: dict[str, Any], data: bytes) -> None:
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        if not name:
            return
        value = json.loads(data)
        if name.startswith("ListOf_"):
            name, value = name[len("ListOf_") : -1], (value["items"] or [None])[0]
        if value is not None and name not in self.found:
            self.found[name] = short(value)


def story(made: Released, client: Client, web: Any) -> None:
    """One call of each endpoint that speaks JSON."""
    names = ("edge-0", "edge-1", "edge-2")
    enroll(client, "edge-3")
    client.reenroll_device("edge-3", helper_data=b"helper", identity="0f" * 32, possession_key=None)
    challenge = client.open_challenge(names[1], purpose="seizure 17/2026")
    key, asked = names[1].encode() * 32, possession.Challenge.from_bytes(challenge.message)
    public, signature = possession.public_key(key), possession.sign(key, asked)
    client.prove_possession(challenge.id, public_key=public, signature=signature)
    client.challenge(challenge.id)
    client.lift_hold(client.place_hold("device", names[0], reason="case 17 of 2026").id)
    client.apply_retention(datetime(2026, 1, 1, tzinfo=UTC), rehearse=True)
    case = client.open_case("digits-1", suspect="org/model at example.com")
    answers = made.world.copy(made.codewords["edge-0"], client.probes(case.id))
    client.send_outputs(case.id, npz(answers), kind="logits")
    job = client.open_job(client.open_case("digits-1", suspect="s").id, ENDPOINT, token=TOKEN, budget=400)
    for refused in (client.retry_job, client.cancel_job):
        try:
            refused(job.id)
        except ServiceError:
            continue
    made_key = client.create_api_key("pipeline", ["release"], expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    client.rotate_api_key(made_key.id, name="pipeline.2")
    client.api_keys()
    for look in (client.checkpoint, client.log_key):
        look()
    for number in (client.entry, client.proof, client.consistency):
        number(1)
    for path in ("/livez", "/readyz", "/problems/unknown-device"):
        web.get(path)


def examples() -> dict[str, Any]:
    """By schema."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template", make_store(Path(folder) / "template")
        with running(Path(folder) / "data", template, ask_endpoints=True, workers=0) as service:
            recorder = Recorder(service.web.get("/openapi.json").json(), service.web.app.state.routes)
            service.web.event_hooks = {"request": [], "response": [recorder]}
            story(release(service, make_world()), service.client(), service.web)
    given = {
        "NewEndpoint": {"endpoint": ENDPOINT, "token": TOKEN, "kind": "logits", "batch": 64},
        "JobRetry": {"budget": 20_000},
        "TimeStamp": {
            "stamped_at": "2026-11-24T12:00:00Z",
            "token": base64.b64encode(b"a token of RFC 3161").decode(),
            "checkpoint": recorder.found["Checkpoint"],
        },
    }  # fmt: skip
    return dict(sorted({**recorder.found, **given}.items()))


if __name__ == "__main__":
    json.dump(examples(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
