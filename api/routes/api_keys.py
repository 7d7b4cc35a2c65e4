"""API keys: make, list, revoke. Tokens are shown once; the registry keeps keyed hashes."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from api.auth import ForAdministration
from api.idempotency import Once
from api.pages import PageQuery
from api.problems import documented
from api.schemas import ApiKey, IssuedApiKey, KeyRotation, ListOf, NewApiKey

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"], responses=documented(401, 403))
_REFUSED = documented(400, 409, 413, 422)


@router.post("", status_code=status.HTTP_201_CREATED, responses=_REFUSED, summary="Make an API key")
def create(desk: ForAdministration, new: NewApiKey, response: Response, _once: Once) -> IssuedApiKey:
    """A key with scopes and, if wished, an end. Its token is in this answer and nowhere else."""
    response.headers["Cache-Control"] = "no-store"
    return desk.create_api_key(new.name, new.scopes, expires_at=new.expires_at)


@router.get("", responses=documented(422), summary="List API keys")
def api_keys(desk: ForAdministration, query: Annotated[PageQuery, Query()]) -> ListOf[ApiKey]:
    """Keys by name, without tokens; revoked and expired ones included."""
    return desk.api_keys(after=query.after, limit=query.limit)


@router.post(
    "/{key_id}/rotate",
    status_code=status.HTTP_201_CREATED,
    responses=documented(400, 404, 409, 413, 422),
    summary="Replace an API key",
)
def rotate(desk: ForAdministration, key_id: str, new: KeyRotation, response: Response, _once: Once) -> IssuedApiKey:
    """A new key with the same scopes and the same length of life; the old one ends after the overlap."""
    response.headers["Cache-Control"] = "no-store"
    return desk.rotate_api_key(key_id, overlap_seconds=new.overlap_seconds, name=new.name)


@router.delete("/{key_id}", responses=documented(404, 409, 422), summary="Revoke an API key")
def revoke(desk: ForAdministration, key_id: str, _once: Once) -> ApiKey:
    """Refuse the key from now on."""
    return desk.revoke_api_key(key_id)
