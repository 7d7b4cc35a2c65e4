"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request sent twice is done once.

| the key was | with the same request | with another one |
|---|---|---|
| never seen, or its request failed | it is done | it is done |
| seen, its request is running | 409 | 422 |
| seen, its request succeeded | the same answer again | 422 |

Answers hold tokens and codewords, so they are remembered in memory only, for a day, for the same API key, which is
authenticated again each time. A restart forgets them; what a request did before it stays done, and names, which are
never given twice, tell so.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import authenticate
from api.media import IDEMPOTENCY_KEY
from registry.records import Principal

CLAIM = "countermark.idempotency"
_DAY = 86400.0
_KEPT_HEADERS = (b"content-type", b"cache-control")
Identity = tuple[str, str]


class KeyReused(Exception):
    """The Idempotency-Key belongs to another request."""


class RequestInFlight(Exception):
    """The request with this Idempotency-Key is still running."""


class Replayed(Exception):
    """Not an error: the request was done before, and its answer is at hand."""

    def __init__(self, answer: "Remembered") -> None:
        super().__init__("done before")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer as it was sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def response(self) -> Response:
        """The same answer again, marked as such."""
        response = Response(self.body, status_code=self.status)
        response.raw_headers = [(b"content-length", str(len(self.body)).encode()), *self.headers]
        response.headers["Idempotency-Replayed"] = "true"
        return response


@dataclass(slots=True)
class Claim:
    """One request under its key; `answer` is None while it runs."""

    fingerprint: str
    expires: float
    answer: Remembered | None = None


class Memory:
    """Claims by API key and Idempotency-Key, the oldest forgotten first; used on the event loop alone.

    Args:
        entries: the most claims.
        largest: the most bytes of an answer; a longer one is not remembered.
        clock: seconds.
    """

    def __init__(
        self, *, entries: int = 10_000, largest: int = 1 << 20, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._claims: OrderedDict[Identity, Claim] = OrderedDict()
        self._entries = entries
        self._largest = largest
        self._clock = clock

    def claim(self, identity: Identity, fingerprint: str) -> None:
        """Take the key for this request.

        Raises:
            KeyReused: it was taken for another one.
            RequestInFlight: this request is running.
            Replayed: this request was done; its answer.
        """
        found = self._claims.get(identity)
        if found is None or (found.answer is not None and found.expires <= self._clock()):
            self._claims[identity] = Claim(fingerprint, self._clock() + _DAY)
            self._claims.move_to_end(identity)
            while len(self._claims) > self._entries:
                self._claims.popitem(last=False)
            return
        if found.fingerprint != fingerprint:
            raise KeyReused("this Idempotency-Key was sent with another request; make a new key for each request")
        if found.answer is None:
            raise RequestInFlight("the request with this Idempotency-Key is running; ask again in a second")
        raise Replayed(found.answer)

    def settle(self, identity: Identity, answer: Remembered | None) -> None:
        """Remember the answer, or, when there is none worth it, free the key."""
        claim = self._claims.get(identity)
        if claim is None:
            return
        if answer is None or len(answer.body) > self._largest:
            del self._claims[identity]
        else:
            claim.answer = answer


async def _once(
    request: Request,
    caller: Annotated[Principal, Depends(authenticate)],
    key: Annotated[
        str | None,
        Header(
            alias=IDEMPOTENCY_KEY,
            min_length=1,
            max_length=255,
            description="A new one for each request; repeat it on a retry.",
        ),
    ] = None,
) -> None:
    if key is None:
        return
    what = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    what.update(await request.body())
    identity = (caller.key_id, key)
    request.app.state.idempotency.claim(identity, what.hexdigest())
    request.scope[CLAIM] = identity


Once = Annotated[None, Depends(_once)]
"""Put it last among a route's parameters: the request is claimed only when nothing else speaks against it."""


class Remembering:
    """ASGI middleware: keeps the answers of requests that were claimed, and frees the keys of those that failed."""

    def __init__(self, app: ASGIApp, *, memory: Memory) -> None:
        self._app = app
        self._memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; look afterwards whether it was claimed."""
        start: Message = {}
        parts: list[bytes] = []

        async def kept(message: Message) -> None:
            if CLAIM in scope:
                if message["type"] == "http.response.start":
                    start.update(message)
                elif message["type"] == "http.response.body":
                    parts.append(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, kept)
        finally:
            if CLAIM in scope:
                self._memory.settle(scope[CLAIM], _answer(start, b"".join(parts)))


def _answer(start: Message, body: bytes) -> Remembered | None:
    """What is worth remembering: a success, whole."""
    if not start or not 200 <= start["status"] < 300:
        return None
    headers = tuple((name, value) for name, value in start["headers"] if name in _KEPT_HEADERS)
    return Remembered(start["status"], headers, body)
