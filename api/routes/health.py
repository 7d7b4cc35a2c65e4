"""Is the process alive, and is it ready to serve? Neither needs a key nor tells anything about tenants."""

from typing import Literal

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from api.auth import TheStore

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """What readiness was told by."""

    ready: bool
    database: bool
    migrated: bool
    checkpoint_size: int
    entries: int


@router.get("/livez", summary="Is the process alive?")
def livez() -> Alive:
    """Answers as long as the process does."""
    return Alive()


@router.get("/readyz", summary="Is the service ready?", responses={503: {"model": Ready, "description": "Not ready."}})
def readyz(store: TheStore, response: Response) -> Ready:
    """Ready when the database answers, its schema is the program's, and every log entry is under a checkpoint."""
    health = store.health()
    if not health.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Ready(
        ready=health.ready,
        database=health.database,
        migrated=health.migrated,
        checkpoint_size=health.checkpoint_size,
        entries=health.entries,
    )
