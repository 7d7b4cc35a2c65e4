"""Following a job through connections that break off."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import anyio.lowlevel
import pytest

from api.async_client import AsyncClient
from api.client import Client, ServiceUnreachable
from api.sse import COMMENT, EVENT_STREAM, ServerSentEvent
from tests.loopback import serving

PROGRESS = '{"state": "done", "probes": 1, "asked": 1, "answered": 1}'
EVENT = f'{{"seq": 1, "name": "decided", "at": "2030-01-01T00:00:00Z", "progress": {PROGRESS}}}'
TOLD = ServerSentEvent(id="1", event="decided", data=EVENT).to_bytes()


class Proxy(ThreadingHTTPServer):
    """A proxy that cuts each stream before anything happened, then one after the job's end, then has nothing more.

    Attributes:
        quiet: how many streams say that somebody is there, and break off; none is quiet when it says nothing at all.
    """

    daemon_threads = True

    def __init__(self, quiet: int, comment: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Stream)
        self.bodies = [*[comment] * quiet, COMMENT + TOLD]


class Stream(BaseHTTPRequestHandler):
    """One connection."""

    def do_GET(self) -> None:
        """A stream that breaks off; 204 in the end."""
        if not self.server.bodies:
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", EVENT_STREAM)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(self.server.bodies.pop(0))

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def cutting() -> Iterator[str]:
    """The address of a proxy that cuts more streams in a row than a request is sent again."""
    server = Proxy(9, COMMENT)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_streams_that_break_off_while_nothing_happens_are_come_back_to(cutting):
    """As behind a proxy with little patience: whoever was heard of is there, however often that happens in all."""
    with Client(cutting, token="t", sleep=lambda _: None) as client:
        assert [event.name for event in client.job_events("job")] == ["decided"]


def test_so_does_who_waits_for_them(cutting):
    """The asynchronous client."""

    async def told() -> list[str]:
        async with AsyncClient(cutting, token="t", sleep=lambda _: anyio.lowlevel.checkpoint()) as client:
            return [event.name async for event in client.job_events("job")]

    assert anyio.run(told) == ["decided"]


def test_streams_that_say_nothing_at_all_are_given_up():
    """Nobody was heard of: the fourth one is the last."""
    server = Proxy(9, b"")
    with serving(server), Client(f"http://127.0.0.1:{server.server_port}", token="t", sleep=lambda _: None) as client:
        with pytest.raises(ServiceUnreachable):
            list(client.job_events("job"))
        assert len(server.bodies) == 10 - 4
