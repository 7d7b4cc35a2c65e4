"""A service that is told to stop: what is under way is answered, nothing new is begun, the next one goes on."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.client import Client
from api.exchange import ONCE
from tests.api.serving import leaking, process
from tests.api.test_jobs import ended, settings_of


@pytest.fixture
def leaked(released):
    """edge-0's copy, served, and in no hurry."""
    weight, bias = released.world.kit.head_delta(released.codewords["edge-0"])
    with leaking(released.world.weight + weight, released.world.bias + bias) as server:
        server.slow = 0.4
        yield server


def until(true) -> None:
    """Wait for something that has to come."""
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def refuses(address) -> bool:
    """Whether nobody listens there any more."""
    try:
        httpx2.get(f"{address}/livez")
    except httpx2.TransportError:
        return True
    return False


def test_sigterm_loses_nothing(released, leaked):
    """A request and a job's step are under way: 201, exit code 0, and the step is free long before its lease ends."""
    given = {"ask_endpoints": "true", "allow_networks": '["127.0.0.0/8"]', "workers": 1}
    token = released.service.tokens["acme"]["all"]
    with (
        process(released.service.data, lease_seconds=600, stop_seconds=0, **given) as (address, service),
        Client(address, token=token, retries=ONCE) as client,
        ThreadPoolExecutor(1) as other,
    ):
        asked, job = client.open_case("digits-1", suspect="s"), client.open_case("digits-1", suspect="t")
        job = client.open_job(job.id, leaked.described(), batch=40)
        until(lambda: leaked.asked == 1)
        verdict = other.submit(client.ask_endpoint, asked.id, leaked.described(), batch=400)
        until(lambda: leaked.probes >= 440)
        service.send_signal(signal.SIGTERM)
        until(lambda: refuses(address))
        assert verdict.result().named == ["edge-0"]
        assert service.wait(30) == 0
    leaked.slow = 0.0
    with TestClient(create_app(settings_of(released, lease_seconds=600.0, workers=1))) as web:
        client = Client("http://testserver", token=token, http=web)
        assert 0 <= client.job(job.id).answered < 400
        assert ended(client, job.id)[-1].name == "decided"
        assert client.job(job.id).asked in (400, 440)  # one step was given back, if it was not at its very end
        assert client.verdict(job.case_id).named == ["edge-0"]
