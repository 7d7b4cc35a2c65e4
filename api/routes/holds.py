"""Legal holds, and the retention period that they stand against."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, status

from api.asker import Asker
from api.auth import ForAdministration
from api.idempotency import Once
from api.pages import PageQuery
from api.problems import documented
from api.schemas import Hold, ListOf, NewHold, NewRetention, Retention

router = APIRouter(prefix="/v1", tags=["holds"], responses=documented(401, 403, 422))


@router.post("/holds", status_code=status.HTTP_201_CREATED, responses=documented(400, 404, 413), summary="Place a hold")
def place(desk: ForAdministration, new: NewHold, _once: Once) -> Hold:
    """Keep what a device, copy or case rests on from being forgotten, until the hold is lifted; logged as digests.

    A hold on a copy keeps its device; one on a case keeps every device with a copy of the case's release.
    """
    return desk.place_hold(new.held, new.subject, reason=new.reason)


@router.get("/holds", summary="List holds")
def holds(desk: ForAdministration, query: Annotated[PageQuery, Query()]) -> ListOf[Hold]:
    """Legal holds, lifted ones included."""
    return desk.holds(after=query.after, limit=query.limit)


@router.post("/holds/{hold_id}/lift", responses=documented(404, 409), summary="Lift a hold")
def lift(desk: ForAdministration, hold_id: str, _once: Once) -> Hold:
    """End a legal hold; that it was in force stays in the log."""
    return desk.lift_hold(hold_id)


@router.post("/retention", responses=documented(400, 413), summary="Apply a retention period")
def retention(desk: ForAdministration, request: Request, new: NewRetention, _once: Once) -> Retention:
    """Forget devices revoked, and destroy suspects' answers of cases decided, before a time; drop keys that ended.

    A legal hold on a device, on a copy, or on a case keeps them.
    """
    done = desk.apply_retention(new.before, rehearse=new.rehearse)
    if not done.rehearsed:
        Asker(settings=request.app.state.settings).forget(desk)
    return done
