"""A service that is told to stop: what is under way is answered, nothing new is begun, the next one goes on."""

import signal
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.client import Client
from api.exchange import ONCE
from registry.store import open_registry
from tests.api.serving import leaking, process
from tests.api.test_jobs import ended, settings_of
from tests.patience import PATIENCE, comes, until


@pytest.fixture
def leaked(released):
    """edge-0's copy, served."""
    weight, bias = released.world.kit.head_delta(released.codewords["edge-0"])
    with leaking(released.world.weight + weight, released.world.bias + bias) as server:
        yield server


def refuses(address) -> bool:
    """Whether nobody listens there any more."""
    try:
        httpx2.get(f"{address}/livez", timeout=PATIENCE)
    except httpx2.TransportError:
        return True
    return False


def test_sigterm_loses_nothing(released, leaked):
    """A request and a job's step are under way: 201, exit code 0, and the step is free long before its lease ends."""
    given = {"ask_endpoints": "true", "allow_networks": '["127.0.0.0/8"]', "workers": 1, "answer_seconds": PATIENCE}
    token = released.service.tokens["acme"]["all"]
    with (
        process(released.service.data, lease_seconds=600, stop_seconds=0, **given) as (address, service),
        Client(address, token=token, retries=ONCE) as client,
        ThreadPoolExecutor(1) as other,
        leaked.holding(40, 400) as (step, request),
    ):
        asked, job = client.open_case("digits-1", suspect="s"), client.open_case("digits-1", suspect="t")
        job = client.open_job(job.id, leaked.described(), batch=40)
        verdict = other.submit(client.ask_endpoint, asked.id, leaked.described(), batch=400)
        comes(step.came)
        comes(request.came)
        service.send_signal(signal.SIGTERM)
        until(lambda: refuses(address))
        request.told.set()
        assert verdict.result().named == ["edge-0"]
        assert service.wait(PATIENCE) == 0
    with open_registry(released.service.data) as store, store.reading() as registry:
        left = registry.job(registry.tenant("acme").id, job.id)
    assert (left.asked, left.answered) == (40, 0)  # the step was under way to the end
    with TestClient(create_app(settings_of(released, lease_seconds=600.0, workers=1))) as web:
        client = Client("http://testserver", token=token, http=web)
        assert ended(client, job.id)[-1].name == "decided"
        assert client.job(job.id).asked == 440  # that step again, and all others
        assert client.verdict(job.case_id).named == ["edge-0"]
