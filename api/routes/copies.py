"""Copies: issue what was reserved, list who got which."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.auth import ForLists, ForRelease
from api.fields import Digest, Name
from api.idempotency import Once
from api.pages import PageQuery
from api.problems import documented
from api.schemas import Copy, Issue, ListOf

router = APIRouter(prefix="/v1/copies", tags=["copies"], responses=documented(401, 403, 422))


class CopyQuery(PageQuery):
    """Which copies."""

    release: Annotated[Name | None, Field(description="Only copies of this release.")] = None


@router.get("", responses=documented(404), summary="List copies")
def copies(desk: ForLists, query: Annotated[CopyQuery, Query()]) -> ListOf[Copy]:
    """Copies in the order of their reservation."""
    return desk.copies(query.release, after=query.after, limit=query.limit)


@router.get("/by-artefact/{digest}", summary="Find copies by their file")
def by_artefact(desk: ForLists, digest: Digest, query: Annotated[PageQuery, Query()]) -> ListOf[Copy]:
    """Copies that were issued as exactly this file: the quick answer when a copy leaked unchanged."""
    return desk.copies_of_artefact(digest, after=query.after, limit=query.limit)


@router.get("/{copy_id}", responses=documented(404), summary="Look at a copy")
def copy(desk: ForLists, copy_id: str) -> Copy:
    """One copy."""
    return desk.copy(copy_id)


@router.put("/{copy_id}", responses=documented(400, 404, 409, 413), summary="Issue a copy")
def issue(desk: ForRelease, copy_id: str, issued: Issue, _once: Once) -> Copy:
    """Record which file went to the device, once; append the issue to the log."""
    return desk.issue_copy(copy_id, artefact_digest=issued.artefact_digest, method=issued.method)
