"""What happens beyond capacity: a clear 503 with Retry-After, at once, and never a request half done.

Two bounds. `InFlight` bounds all requests being served. `Gate` bounds verifications: how many may be uploading,
waiting or weighing together (their answers lie in memory), and how many of them weigh at once (each fills a core).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import OVERLOADED, respond

Value = TypeVar("Value")
RETRY_AFTER = {"Retry-After": "1"}
_ALWAYS = ("/livez", "/readyz", "/metrics")


class Overloaded(Exception):
    """More verifications at once than the service takes."""


class Gate:
    """Admission of verifications; all of it runs on the event loop, so plain numbers suffice.

    Args:
        admitted: how many may be anywhere between their first byte and their verdict.
        weighing: how many may compute at once.
    """

    def __init__(self, *, admitted: int, weighing: int) -> None:
        self._free = admitted
        self._weighing = weighing
        self._limiter: anyio.CapacityLimiter | None = None

    @asynccontextmanager
    async def admission(self) -> AsyncIterator[None]:
        """A place from upload to verdict.

        Raises:
            Overloaded: there is none.
        """
        if self._free <= 0:
            raise Overloaded("all places for verifications are taken; send the answers again in a second")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def weigh(self, work: Callable[[], Value]) -> Value:
        """Run the work in a thread, when one of the places for computing is free."""
        if self._limiter is None:  # a limiter belongs to the event loop that it is made in
            self._limiter = anyio.CapacityLimiter(self._weighing)
        return await run_sync(work, limiter=self._limiter)


class InFlight:
    """ASGI middleware: at most `most` requests at once; health and metrics are always answered."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._free = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it at once."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        if self._free <= 0:
            detail = "the service is answering as many requests as it can; send this one again in a second"
            await respond(Request(scope), OVERLOADED, detail, headers=RETRY_AFTER)(scope, receive, send)
            return
        self._free -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._free += 1
