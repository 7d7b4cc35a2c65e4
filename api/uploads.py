"""Bodies that are files, sent as they are: read only once the caller is known."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from api.auth import authenticate
from api.gate import Gate
from registry.records import Principal

_BYTES, _OBJECT = {"type": "string", "format": "binary"}, {"type": "object"}


async def _body(request: Request, _caller: Annotated[Principal, Depends(authenticate)]) -> bytes:
    seconds = request.app.state.settings.upload_seconds
    with anyio.move_on_after(seconds):
        return await request.body()
    raise HTTPException(
        408, f"the body did not arrive within {seconds} seconds; send it again", headers={"Connection": "close"}
    )


async def _admission(request: Request, _caller: Annotated[Principal, Depends(authenticate)]) -> AsyncIterator[Gate]:
    gate: Gate = request.app.state.gate
    async with gate.admission():
        yield gate


async def _asking(request: Request, _caller: Annotated[Principal, Depends(authenticate)]) -> AsyncIterator[Gate]:
    gate: Gate = request.app.state.asking
    async with gate.admission():
        yield gate


AskAdmission = Annotated[Gate, Depends(_asking)]
"""A place among the suspects that are being run or asked; they wait on others, so they have places of their own."""


Admission = Annotated[Gate, Depends(_admission)]
"""A place among the verifications, taken before the upload is read and kept until the answer is made."""


Upload = Annotated[bytes, Depends(_body)]


def documented_upload(*media_types: str, description: str) -> dict[str, Any]:
    """The OpenAPI description of a route whose body is a file."""
    return {
        "requestBody": {
            "required": True,
            "description": description,
            "content": {media: {"schema": _BYTES} for media in media_types},
        }
    }


def documented_download(*media_types: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a route whose answer is a file: bytes, or an object where the file is JSON."""
    content = {media: {"schema": _OBJECT if _is_json(media) else _BYTES} for media in media_types}
    return {200: {"description": description, "content": content}}


def _is_json(media_type: str) -> bool:
    return media_type.partition(";")[0].endswith(("/json", "+json"))
