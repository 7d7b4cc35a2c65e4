"""Beyond capacity: refused at once, nothing half done."""

import threading
from types import SimpleNamespace

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.gate import Gate, InFlight, Overloaded
from api.uploads import _body


def test_no_more_are_admitted_than_there_are_places():
    """The third of two is refused, and let in once a place is free, errors included."""

    async def run() -> None:
        gate = Gate(admitted=2, weighing=1)
        async with gate.admission(), gate.admission():
            with pytest.raises(Overloaded, match="second"):
                async with gate.admission():
                    pass
        with pytest.raises(ZeroDivisionError):
            async with gate.admission():
                raise ZeroDivisionError
        async with gate.admission(), gate.admission():
            pass

    anyio.run(run)


def test_no_more_compute_at_once_than_allowed():
    """Six pieces of work, two at a time, all of them done."""
    lock, now, most, done = threading.Lock(), [0], [0], []

    def work() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        done.append(1)
        with lock:
            now[0] -= 1

    async def run() -> None:
        gate = Gate(admitted=6, weighing=2)
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(gate.weigh, work)

    anyio.run(run)
    assert len(done) == 6
    assert most[0] <= 2


def test_requests_beyond_the_bound_are_503_and_health_is_answered():
    """A full service says so as a problem with Retry-After; probes of its health get through."""
    answers = []

    async def scenario() -> None:
        holding, release = anyio.Event(), anyio.Event()

        async def slow(scope, receive, send) -> None:
            if scope["path"] == "/slow":
                holding.set()
                await release.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        app = InFlight(slow, most=1)

        async def ask(path) -> None:
            async def send(message) -> None:
                if message["type"] == "http.response.start":
                    answers.append((path, message["status"], dict(message["headers"])))

            scope = {"type": "http", "path": path, "headers": [], "method": "GET", "query_string": b"", "server": None}
            await app(scope, None, send)

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "/slow")
            await holding.wait()
            await ask("/v1/devices")
            await ask("/livez")
            release.set()
        await ask("/v1/devices")

    anyio.run(scenario)
    assert [(path, status) for path, status, _ in answers] == [
        ("/v1/devices", 503), ("/livez", 200), ("/slow", 200), ("/v1/devices", 200),
    ]  # fmt: skip
    assert answers[0][2][b"retry-after"] == b"1"


def test_a_full_gate_is_503_over_http_and_the_case_stays_open(standing):
    """The answers are not even read, and can be sent again."""
    app, client = standing.service.web.app, standing.service.client()
    case = client.open_case("digits-1", suspect="x")
    real, app.state.gate = app.state.gate, Gate(admitted=0, weighing=1)
    try:
        path = f"/v1/cases/{case.id}/outputs?kind=logits"
        answer = standing.service.web.post(path, content=b"x", headers=standing.service.auth())
    finally:
        app.state.gate = real
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/overloaded")
    assert answer.headers["retry-after"] == "1"
    assert not client.case(case.id).decided


def test_a_body_that_drips_is_given_up():
    """A client that never finishes its upload does not keep its place for ever."""
    app = SimpleNamespace(state=SimpleNamespace(settings=SimpleNamespace(upload_seconds=0)))

    async def receive() -> dict:
        await anyio.sleep(3600)
        raise AssertionError("nothing ever comes")

    async def run() -> int:
        request = Request({"type": "http", "app": app, "headers": [], "method": "POST"}, receive)
        with pytest.raises(HTTPException) as caught:
            await _body(request, None)
        return caught.value.status_code

    assert anyio.run(run) == 408
