"""The log as static files, https://c2sp.org/tlog-tiles: `/tlog` is the prefix that witnesses and monitors are given.

Everybody may read them if the operator says so (`COUNTERMARK_PUBLIC_LOG`), as the specification means it; until then
they need a key of any scope that reads the log. Entries hold digests and random ids, but their number and times tell
how busy an operator is, and that is the operator's to publish.

Hashes do not compress and are sent as they are. Entries are compressed for whoever accepts gzip.
"""

import gzip
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from starlette.exceptions import HTTPException

from api.auth import BEARER, LOG_SCOPES, TheSettings, TheStore, authenticate, count_stranger, require_any
from api.media import OCTETS, accepts_gzip
from api.problems import documented
from registry.errors import MalformedValue
from registry.log import tiles
from registry.store import Store

router = APIRouter(prefix="/tlog", tags=["log"], responses=documented(401, 403, 429, 503))
_TEXT = {"description": "A C2SP signed note.", "content": {"text/plain": {"schema": {"type": "string"}}}}
_TILE = {"description": "The tile's bytes.", "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}


def _readable(
    request: Request,
    store: TheStore,
    settings: TheSettings,
    credentials: Annotated[HTTPAuthorizationCredentials | None, BEARER],
) -> Store:
    """The store, if the caller may read the log's files."""
    if settings.public_log:
        count_stranger(request)
    else:
        require_any(authenticate(request, store, credentials), LOG_SCOPES)
    return store


Readable = Annotated[Store, Depends(_readable)]


@router.get("/checkpoint", response_class=Response, responses={200: _TEXT}, summary="Get the newest signed note")
def checkpoint(store: Readable) -> Response:
    """The newest checkpoint with what cosignatures it has, verbatim. Never kept by a cache."""
    with store.reading() as registry:
        note = registry.checkpoint().note
    headers = {"Content-Type": tiles.CHECKPOINT_CONTENT_TYPE, "Cache-Control": tiles.CHECKPOINT_CACHE}
    return Response(note.encode(), headers=headers)


@router.get(
    "/tile/{path:path}",
    response_class=Response,
    responses={200: _TILE, **documented(404)},
    summary="Get a tile of hashes or entries",
)
def tile(path: str, request: Request, store: Readable, settings: TheSettings) -> Response:
    """`<L>/<N>[.p/<W>]` for hashes, `entries/<N>[.p/<W>]` for entries; a tile never changes and may be kept."""
    try:
        with store.reading() as registry:
            file = registry.tile(path)
    except MalformedValue as error:
        raise HTTPException(404, str(error)) from error
    cache = file.cache_control if settings.public_log else file.cache_control.replace("public", "private", 1)
    headers = {"Content-Type": file.content_type, "Cache-Control": cache}
    if not path.startswith(f"{tiles.ENTRIES}/"):
        return Response(file.data, headers=headers)
    headers["Vary"] = "Accept-Encoding"
    if not accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.data, headers=headers)
    return Response(gzip.compress(file.data, mtime=0), headers={**headers, "Content-Encoding": "gzip"})
