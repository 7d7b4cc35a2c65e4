"""How many bytes a request may have, enforced before the body is read.

The declared length is refused at once; a body without one, or a lying one, is refused when the count passes the
limit. Both answer the same problem. Starlette's own limiter answers plain text, this one RFC 9457.
"""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import http_problem


class BodyTooLarge(HTTPException):
    """The request's body is larger than this address accepts."""

    def __init__(self, limit: int) -> None:
        detail = f"the body is larger than {limit} bytes, the limit of this address; send less at once"
        super().__init__(413, detail, headers={"Connection": "close"})  # or the server reads what still comes, for ever


class BodyLimit:
    """ASGI middleware: `limit_of(path)` is the most bytes that a body sent to the path may have."""

    def __init__(self, app: ASGIApp, *, limit_of: Callable[[str], int]) -> None:
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limit:
            response = http_problem(Request(scope), BodyTooLarge(limit))
            await response(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def _counted(receive: Receive, limit: int) -> Receive:
    """`receive` that raises `BodyTooLarge` once more than `limit` bytes have come; the handlers answer it."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > limit:
                raise BodyTooLarge(limit)
        return message

    return counted
