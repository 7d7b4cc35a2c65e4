"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request sent twice is done once.

| the key was | with the same request | with another one |
|---|---|---|
| never seen, or its request failed | it is done | it is done |
| seen, its request is running | 409 | 422 |
| seen, its request succeeded | the same answer again | 422 |

The registry keeps answers, sealed, for a day, for the same API key, which is authenticated again each time. An answer
is committed together with what was done (`api.once`), so neither a crash nor another process does anything twice. That
a request is running is known to its own process alone: sent to two at once, it is done by one, and the other one finds
the answer when its turn to write comes. A verdict and a proof of possession are read again, with a proof against the
newest checkpoint. Forgetting a device destroys the tenant's answers; their keys then get 409.
"""

import hashlib
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends, Header, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import TheStore, authenticate
from api.media import IDEMPOTENCY_KEY, JSON
from api.once import CLAIM, Again, Answer, Claim, KeyReused, RequestInFlight
from api.workspace import Workspace
from registry.records import Principal
from registry.requests import Request as Asked
from registry.store import Store


class Running:
    """Requests that this process is doing, by sender and key; used on the event loop alone."""

    def __init__(self) -> None:
        self._fingerprints: dict[str, str] = {}

    def take(self, asked: Asked) -> None:
        """Begin this request.

        Raises:
            RequestInFlight: it is running.
            KeyReused: another one is, under the same key.
        """
        found = self._fingerprints.get(asked.id)
        if found is None:
            self._fingerprints[asked.id] = asked.fingerprint
            return
        if found == asked.fingerprint:
            raise RequestInFlight("the request with this Idempotency-Key is running; ask again in a second")
        raise KeyReused("this Idempotency-Key was sent with another request; make a new key for each request")

    def end(self, asked: Asked) -> None:
        """The request ended, however."""
        self._fingerprints.pop(asked.id, None)


async def _once(
    request: Request,
    store: TheStore,
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
    asked = Asked(sender=caller.key_id, key=key, fingerprint=what.hexdigest())
    request.app.state.running.take(asked)
    status = getattr(request.scope["route"], "status_code", None) or 200
    request.scope[CLAIM] = claim = Claim(tenant=caller.tenant, request=asked, status=status)
    await run_sync(_require_new, store, claim)


def _require_new(store: Store, claim: Claim) -> None:
    with store.reading() as registry:
        claim.require_new(registry)


Once = Annotated[None, Depends(_once)]
"""Put it last among a route's parameters: the request is claimed only when nothing else speaks against it."""


class Ending:
    """ASGI middleware: a request that was claimed is running no more when it has been answered, however."""

    def __init__(self, app: ASGIApp, *, running: Running) -> None:
        self._app = app
        self._running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; look afterwards whether it was claimed."""
        try:
            await self._app(scope, receive, send)
        finally:
            if CLAIM in scope:
                self._running.end(scope[CLAIM].request)


async def answered_before(request: Request, answer: Answer) -> Response:
    """The answer again, marked as such."""
    body = answer.body
    if answer.again is not None:
        body = await run_sync(_read_again, request.app.state.store, request.scope[CLAIM].tenant, *answer.again)
    headers = {"Cache-Control": "no-store", "Idempotency-Replayed": "true"}
    if answer.location is not None:
        headers["Location"] = answer.location
    return Response(body, status_code=answer.status, media_type=JSON, headers=headers)


def _read_again(store: Store, tenant: str, what: Again, which: str) -> str:
    desk = Workspace(store=store, tenant=tenant, max_array_bytes=0)
    made = desk.verdict(which) if what is Again.VERDICT else desk.challenge(which).possession
    assert made is not None  # a proof is kept for those alone that were judged
    return made.model_dump_json()
