"""Rate limits: counted for each key, told in every answer, and never in the way when their store fails."""

import io
import json
import shutil
from functools import partial

import numpy as np
import pytest
from limits.errors import StorageError
from limits.storage import MemoryStorage
from starlette.testclient import TestClient

from api.app import create_app
from api.client import Client, ServiceError
from api.exchange import ONCE
from api.settings import Settings
from api.telemetry import Metrics
from api.throttle import RateLimited, Throttle
from api.windows import Stored


@pytest.fixture
def limited(tmp_path, template):
    """A service whose keys may make three calls and one verdict an hour."""
    shutil.copytree(template[0], tmp_path / "data")
    settings = Settings(data=tmp_path / "data", rate_calls="3/hour", rate_verdicts="1/hour")
    with TestClient(create_app(settings)) as web:
        yield web, {scope: {"Authorization": f"Bearer {token}"} for scope, token in template[1]["acme"].items()}


def test_a_key_is_told_what_is_left_and_then_to_wait(limited):
    """RateLimit headers count down; then 429 with Retry-After; another key is not affected."""
    web, auth = limited
    left = [web.get("/v1/devices", headers=auth["audit"]) for _ in range(3)]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in left] == ["r=2", "r=1", "r=0"]
    assert left[0].headers["ratelimit-policy"] == '"calls";q=3;w=3600'
    refused = web.get("/v1/devices", headers=auth["audit"])
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert web.get("/v1/devices", headers=auth["release"]).status_code == 200


def test_problems_tell_what_is_left_too(limited):
    """A 404 costs a call like any other."""
    web, auth = limited
    assert web.get("/v1/devices/x", headers=auth["audit"]).headers["ratelimit"].startswith('"calls";r=2')


def test_verdicts_have_a_limit_of_their_own(limited):
    """The second try within the hour is refused before its file is read, however bad the file was."""
    web, auth = limited
    path = "/v1/cases/" + "0" * 32 + "/outputs?kind=logits"
    assert web.post(path, content=b"x", headers=auth["investigate"]).status_code == 404
    refused = web.post(path, content=b"x", headers=auth["investigate"])
    assert refused.status_code == 429
    assert refused.headers["ratelimit-policy"] == '"calls";q=3;w=3600, "verdicts";q=1;w=3600'
    assert [part.split(";")[1] for part in refused.headers["ratelimit"].split(", ")] == ["r=1", "r=0"]


def test_a_key_without_the_scope_uses_no_verdict_up(limited):
    """Who may not ask is told so, not to wait."""
    web, auth = limited
    path = "/v1/cases/" + "0" * 32 + "/outputs?kind=logits"
    assert [web.post(path, content=b"x", headers=auth["audit"]).status_code for _ in range(2)] == [403, 403]


class Failing(MemoryStorage):
    """A store that cannot be reached."""

    def acquire_entry(self, *args: object, **rest: object) -> bool:
        """As a lost connection."""
        raise StorageError(ConnectionError("gone"))


def test_a_failing_store_lets_requests_through_and_is_counted():
    """A broken limiter does not stop the service."""
    metrics = Metrics()
    throttle = Throttle(Stored(Failing()), Throttle.of("memory://", {"calls": "1/hour"}, metrics).policies, metrics)
    assert [throttle.take("calls", "key") for _ in range(3)] == [{}, {}, {}]
    assert b"countermark_throttle_failures_total 3.0" in metrics.exposition()


def test_limits_without_sense_are_refused_at_the_start():
    """So is a store for asynchronous programs."""
    with pytest.raises(ValueError, match="couldn't parse"):
        Throttle.of("memory://", {"calls": "many"}, Metrics())
    with pytest.raises(TypeError, match="async"):
        Throttle.of("async+memory://", {}, Metrics())


def test_a_refusal_says_when_to_come_back():
    """The message names limit and policy."""
    throttle = Throttle.of("memory://", {"calls": "1/hour"}, Metrics())
    throttle.take("calls", "key")
    with pytest.raises(RateLimited, match="1 per 1 hour") as caught:
        throttle.take("calls", "key")
    assert 0 < caught.value.retry_after <= 3600


@pytest.fixture
def oracle(tmp_path, template, world, as_npz):
    """A service that allows two tries of a case and three cases about a release, and what it logs."""
    log = io.StringIO()
    shutil.copytree(template[0], tmp_path / "data")
    app = create_app(Settings(data=tmp_path / "data", rate_tries="2/day", rate_cases="3/day"), stream=log)
    with TestClient(app) as web:
        keys = {scope: Client("http://testserver", token=token, http=web, retries=ONCE)
                for scope, token in template[1]["acme"].items()}  # fmt: skip
        keys["all"].commit_release("digits-1", pack=world.pack.to_bytes())
        yield keys, log


def refusal(work) -> str:
    """The type of the problem that a call ends with."""
    with pytest.raises(ServiceError) as caught:
        work()
    return caught.value.problem.type.removeprefix("/problems/")


def test_a_case_and_a_release_are_asked_about_so_often(oracle, world):
    """Counted for all keys of a tenant together: another key gets no further; another case, or release, is free."""
    keys, _ = oracle
    one, other, _ = (keys["investigate"].open_case("digits-1", suspect="x").id for _ in range(3))
    assert refusal(lambda: keys["all"].open_case("digits-1", suspect="x")) == "rate-limited"
    assert refusal(lambda: keys["all"].open_case("digits-9", suspect="x")) == "unknown-release"
    bad, good = np.zeros((3, 6)), world.clean(world.pack.probes)
    for key in (keys["investigate"], keys["all"]):
        assert refusal(partial(key.send_outputs, one, bad, kind="logits")) not in {"rate-limited", "wrong-scope"}
    assert refusal(lambda: keys["all"].send_outputs(one, good, kind="logits")) == "rate-limited"
    assert not keys["all"].case(one).decided
    keys["all"].send_outputs(other, good, kind="logits")


def test_an_auditor_gets_no_scores_and_every_reader_is_logged(oracle, world):
    """Who is named, the proof, and nothing that tells how much of the signature is left."""
    keys, log = oracle
    case = keys["investigate"].open_case("digits-1", suspect="x").id
    for name in ("edge-0", "edge-1"):
        keys["all"].enroll_device(name, helper_data=b"h", identity="0f" * 32, codeword_key=name.encode() * 5 + b"xx")
    answers = world.copy(keys["all"].reserve_copy("digits-1", "edge-0").signs(), world.pack.probes)
    keys["investigate"].send_outputs(case, answers, kind="logits")
    full, coarse = keys["investigate"].verdict(case), keys["audit"].verdict(case)
    assert [score.named for score in full.ranked] == [True]
    assert coarse == full.model_copy(update={"ranked": []})
    assert coarse.named == ["edge-0"]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    read = [(line["case"], line["coarse"]) for line in lines if line["event"] == "verdict read"]
    assert read == [(case, False), (case, True)]
    assert [line["case"] for line in lines if line["event"] == "verdict"] == [case]
