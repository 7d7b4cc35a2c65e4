"""Bodies that are files, sent as they are: read only once the caller is known."""

from typing import Annotated, Any

from fastapi import Depends, Request

from api.auth import authenticate
from registry.records import Principal


async def _body(request: Request, _caller: Annotated[Principal, Depends(authenticate)]) -> bytes:
    return await request.body()


Upload = Annotated[bytes, Depends(_body)]


def documented_upload(*media_types: str, description: str) -> dict[str, Any]:
    """The OpenAPI description of a route whose body is a file."""
    schema = {"type": "string", "format": "binary"}
    return {
        "requestBody": {
            "required": True,
            "description": description,
            "content": {media: {"schema": schema} for media in media_types},
        }
    }


def documented_download(*media_types: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a route whose answer is a file."""
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": description, "content": {media: {"schema": schema} for media in media_types}}}
