"""What a problem's `type` points to: an explanation, for people and programs."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api import errors
from api.problems import PREFIX, ProblemKind, documented

router = APIRouter(prefix=PREFIX.rstrip("/"), tags=["problems"])


class Explanation(BaseModel):
    """One kind of problem."""

    type: str
    title: str
    status: int
    way_out: str


def _explain(kind: ProblemKind) -> Explanation:
    return Explanation(type=PREFIX + kind.slug, title=kind.title, status=kind.status, way_out=kind.way_out)


@router.get("", summary="List the kinds of problems")
def kinds() -> list[Explanation]:
    """Every problem that the service can answer with."""
    return [_explain(kind) for _, kind in sorted(errors.catalogue().items())]


@router.get("/{slug}", responses=documented(404), summary="Explain a kind of problem")
def kind(slug: str) -> Explanation:
    """What it means and what can be done about it."""
    found = errors.catalogue().get(slug)
    if found is None:
        raise HTTPException(404, "no problem is called so; list them at /problems")
    return _explain(found)
