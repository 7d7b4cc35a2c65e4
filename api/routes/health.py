"""Is the process alive, and is it ready to serve? Neither needs a key nor tells anything about tenants."""

import hmac
from typing import Literal

from fastapi import APIRouter, Request, Response, status
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.auth import TheSettings, TheStore
from api.problems import documented

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


@router.get(
    "/metrics",
    summary="Measurements for Prometheus",
    response_class=Response,
    responses={**documented(404), 200: {"description": "Text format.", "content": {"text/plain": {}}}},
)
def metrics(request: Request, settings: TheSettings) -> Response:
    """Numbers of requests, verdicts and seconds; for the holder of COUNTERMARK_METRICS_TOKEN, and for nobody else."""
    token = settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token is None or not hmac.compare_digest(given, token.get_secret_value().encode()):
        raise HTTPException(404, "there are no measurements for you here; send the token that the operator set")
    return Response(request.app.state.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})
