"""Entity tags (RFC 9110, 8.8.3) of things that never change: fetched once, then `304 Not Modified`."""

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has it already (If-None-Match)."}}
FOREVER = "private, max-age=31536000, immutable"


def holds(request: Request, tag: str) -> bool:
    """Whether the caller says that it has the thing already (If-None-Match)."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in _TAG.findall(given)


def immutable(request: Request, tag: str, make: Callable[[], Response]) -> Response:
    """The answer with its tag, or 304 without a body when the caller has it; `make` is called only for the former."""
    response = Response(status_code=304) if holds(request, tag) else make()
    response.headers["ETag"] = f'"{tag}"'
    response.headers["Cache-Control"] = FOREVER
    return response
