"""One id for each request: the caller's, if it is harmless, or a new one; in every answer and every log line.

Headers that every answer must have, problems included, are added here too.
"""

import re
import uuid
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

HEADER = "X-Request-ID"
HEADERS = "countermark.headers"
"""Key of the ASGI scope under which further headers of the answer stand, whatever the answer will be."""

_KEY = "countermark.request_id"
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(scope: MutableMapping[str, Any]) -> str:
    """The id of the request; drawn on first use where no middleware did it."""
    found: str = scope.setdefault(_KEY, uuid.uuid4().hex)
    return found


class RequestIds:
    """ASGI middleware that gives each request its id and each answer the header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        if _HARMLESS.fullmatch(given):
            scope[_KEY] = given
        found = request_id(scope)

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**scope.get(HEADERS, {}), HEADER: found})
            await send(message)

        with bound_contextvars(request_id=found):  # in every line that is logged meanwhile
            await self._app(scope, receive, labelled)
