"""The size of a body is checked before the body is read."""

from collections.abc import Iterator

import anyio
import pytest

from api.limits import BodyLimit, BodyTooLarge
from api.request_ids import RequestIds


def _drip(pieces: int, size: int) -> Iterator[bytes]:
    for _ in range(pieces):
        yield bytes(size)


@pytest.mark.parametrize(
    ("path", "limit"), [("/v1/devices", 1 << 14), ("/v1/releases", 1 << 20), ("/v1/cases/c/jobs/model", 1 << 20)]
)
def test_a_declared_length_over_the_limit_is_refused(service, path, limit):
    """Content-Length decides at once; nothing is appended to the log."""
    before = service.log_size()
    answer = service.web.post(path, content=bytes(limit + 1), headers=service.auth(), params={"name": "big"})
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"
    assert answer.headers["content-type"] == "application/problem+json"
    assert service.log_size() == before


@pytest.mark.parametrize("path", ["/v1/devices", "/v1/releases"])
def test_a_streamed_body_over_the_limit_is_refused(service, path):
    """Without a declared length the count decides."""
    before = service.log_size()
    headers = {**service.auth(), "Content-Type": "application/json"}
    answer = service.web.post(path, content=_drip(40, 1 << 16), headers=headers, params={"name": "big"})
    assert answer.status_code == 413
    assert service.log_size() == before


def test_an_endless_body_is_cut_at_the_limit():
    """Of a stream without an end no more than the limit is taken."""
    taken = 0

    async def receive() -> dict:
        nonlocal taken
        taken += 1000
        return {"type": "http.request", "body": bytes(1000), "more_body": True}

    async def drain(scope, receive, send) -> None:
        while (await receive())["more_body"]:
            pass

    async def run() -> None:
        scope = {"type": "http", "path": "/", "headers": [], "method": "POST", "query_string": b""}
        with pytest.raises(BodyTooLarge):
            await BodyLimit(drain, limit_of=lambda path: 5000)(scope, receive, None)

    anyio.run(run)
    assert taken == 6000


@pytest.mark.parametrize("middleware", [RequestIds, lambda app: BodyLimit(app, limit_of=lambda path: 1)])
def test_what_is_no_request_passes(middleware):
    """Lifespan and websocket messages go through untouched."""
    seen = []

    async def inner(scope, receive, send) -> None:
        seen.append(scope["type"])

    async def run() -> None:
        await middleware(inner)({"type": "lifespan"}, None, None)

    anyio.run(run)
    assert seen == ["lifespan"]


def test_a_stranger_does_not_get_to_upload(service):
    """Without a key the answer is 401, before the body is looked at."""
    answer = service.web.post("/v1/releases", params={"name": "x"}, content=bytes(1000))
    assert answer.status_code == 401
