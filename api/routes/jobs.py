"""Durable jobs: have an endpoint asked, or a model run, step by step, whatever becomes of the service's processes."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from api.asker import Asker
from api.auth import ForCases, ForInvestigation, OneVerdict
from api.idempotency import Once
from api.job_schemas import EventName, Job, JobRetry, NewJob
from api.jobs.following import happened, stream
from api.jobs.spec import MODEL_BATCH, new_job, new_model_job
from api.model_query import MODEL, Described
from api.pages import PageQuery
from api.problems import documented
from api.schemas import ListOf
from api.sse import EVENT_STREAM, LAST_EVENT_ID
from api.telemetry import CALLER
from api.uploads import AskAdmission, Upload
from api.workspace import Workspace
from registry.jobs import NewJob as Laid
from registry.repository.due import Due

router = APIRouter(tags=["jobs"], responses=documented(401, 403))
_NO_STORE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The event's number."},
        "event": {"type": "string", "enum": list(get_args(EventName))},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobEvent"},
        },
    },
    "required": ["id", "event", "data"],
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The events, each with its number as `id`, its name as `event` and a JSON object as `data`.",
        "content": {EVENT_STREAM: {"itemSchema": _EVENT}},
    },
    204: {"description": "The job has ended, and everything was heard."},
}
LastEventId = Annotated[
    int | None, Header(alias=LAST_EVENT_ID, ge=0, lt=1 << 31, description="Number of the last event that was heard.")
]
After = Annotated[int, Query(ge=0, lt=1 << 31, description="The same, for the first request.")]
_Batch = Annotated[int, Query(ge=1, le=4096, description="Probes of one step; each step starts a process.")]
_Priority = Annotated[int, Query(ge=-100, le=100, description="Higher goes first.")]
_Budget = Annotated[int | None, Query(ge=1, le=(1 << 31) - 1, description="The most probes put to it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a model's job goes on: probes of a step, its turn among the jobs, the most probes."""

    batch: _Batch = MODEL_BATCH
    priority: _Priority = 0
    budget: _Budget = None


@router.post(
    "/v1/cases/{case_id}/jobs",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(400, 404, 409, 413, 422),
    summary="Have an endpoint asked by a durable job",
)
def open_job(
    desk: ForInvestigation,
    request: Request,
    response: Response,
    case_id: str,
    new: NewJob,
    _one: OneVerdict,
    _once: Once,
) -> Job:
    """Accept the work and answer at once; the job goes on after a crash or restart where it stopped.

    Where the release was committed with a plan of looks, asking stops as soon as a look names somebody, and after
    the first look only this job may decide the case (409, `looks-taken`, for any other and for answers that are sent).
    Only where the operator allows that endpoints are asked.
    """
    desk.case(case_id)
    made = new_job(
        Asker(settings=request.app.state.settings),
        new.endpoint,
        token=new.token,
        kind=new.kind,
        batch=new.batch,
        priority=new.priority,
        budget=new.budget,
    )
    return _said(request, response, _opened(request, desk, case_id, made))


@router.post(
    "/v1/cases/{case_id}/jobs/model",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(404, 408, 409, 413, 415, 422, 503),
    openapi_extra=MODEL,
    summary="Have a model run by a durable job",
)
async def open_model_job(
    desk: ForInvestigation,
    request: Request,
    response: Response,
    case_id: str,
    _one: OneVerdict,
    gate: AskAdmission,
    body: Upload,
    _once: Once,
    said: Described,
    pace: Annotated[Pace, Depends()],
) -> Job:
    """Accept the model and answer at once; it is run step by step, and the job goes on after a crash or restart.

    The file is kept sealed until the job is done or cancelled, and then destroyed; its digest stays. What holds of jobs
    that ask an endpoint holds of this one. Only where the operator allows that uploaded models are run.
    """
    asker = Asker(settings=request.app.state.settings)

    def opened() -> Job:
        desk.case(case_id)
        architecture = asker.architecture(said.architecture)
        made = new_model_job(asker, body, architecture=architecture, output=said.output, kind=said.kind, **asdict(pace))
        desk.store.remove_job_files(desk.tenant)
        return _opened(request, desk, case_id, made)

    return _said(request, response, await gate.weigh(opened))


def _opened(request: Request, desk: Workspace, case_id: str, made: Laid) -> Job:
    job = desk.once(lambda registry: Job.of(registry.open_job(desk.tenant, case_id, made)), _address)
    return _announced(request, desk, job)


def _announced(request: Request, desk: Workspace, job: Job) -> Job:
    """The job, of which workers are told: only now that it is stored."""
    request.app.state.jobs.announce(Due(desk.tenant, job.id, job.priority))
    return job


def _said(request: Request, response: Response, job: Job) -> Job:
    """The job, its address in the answer and its opening in the log: every question about a release leaves a trail."""
    response.headers["Location"] = _address(job)
    tenant, key = request.scope[CALLER]
    request.app.state.log.info("job opened", case=job.case_id, job=job.id, tenant=tenant, key=key)
    return job


def _address(job: Job) -> str:
    return f"/v1/jobs/{job.id}"


@router.get("/v1/jobs", responses=documented(422), summary="List jobs")
def jobs(desk: ForCases, query: Annotated[PageQuery, Query()]) -> ListOf[Job]:
    """Jobs, whatever their state."""
    return desk.jobs(after=query.after, limit=query.limit)


@router.get("/v1/jobs/{job_id}", responses=documented(404), summary="Look at a job")
def job(desk: ForCases, job_id: str) -> Job:
    """One job."""
    return desk.job(job_id)


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=Response,
    responses={**documented(404, 422), **_EVENTS},
    summary="Follow a job",
)
def events(desk: ForCases, request: Request, job_id: str, last: LastEventId = None, after: After = 0) -> Response:
    """What happened to the job and what happens, as server-sent events.

    A stream ends after some seconds; come back with Last-Event-ID, as browsers do by themselves. The answer is 204 when
    the job has ended and everything was heard.
    """
    heard = after if last is None else last
    found, more = happened(desk.store, desk.tenant, job_id, heard)
    if not found and not more:
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    told = stream(desk.store, desk.tenant, job_id, heard, stopping=request.app.state.stopping)
    return StreamingResponse(told, media_type=EVENT_STREAM, headers=_NO_STORE)


@router.delete("/v1/jobs/{job_id}", responses=documented(404, 409), summary="Cancel a job")
def cancel_job(desk: ForInvestigation, job_id: str, _once: Once) -> Job:
    """Begin no further step, and destroy the endpoint's credential or the model's file.

    The answers are kept, and the case stays open, unless a look of the release's plan was taken: then nothing decides
    it any more (409, `looks-taken`), for alpha is spent once.
    """
    return desk.cancel_job(job_id)


@router.post("/v1/jobs/{job_id}/retry", responses=documented(400, 404, 409, 422), summary="Try a failed job again")
def retry_job(desk: ForInvestigation, request: Request, job_id: str, new: JobRetry, _once: Once) -> Job:
    """Go on where it stopped; no probe that was answered is asked again."""
    return _announced(request, desk, desk.retry_job(job_id, budget=new.budget))
