"""Suspects that the service itself runs or asks: an uploaded model, an endpoint. Off unless the operator says so."""

from fastapi import APIRouter, Request, Response, status

from api.asker import Asker
from api.auth import ForCases, ForInvestigation, OneVerdict
from api.evidence import Verdict
from api.idempotency import Once
from api.media import JSON_LINES
from api.model_query import MODEL, Described
from api.problems import documented
from api.schemas import NewEndpoint
from api.uploads import AskAdmission, Upload, documented_download
from api.verdicts import note

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=documented(401, 403))
_RECORD = documented_download(JSON_LINES, description="A head, then a line for each batch: answers and exchange.")


@router.post(
    "/{case_id}/model",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 408, 409, 413, 415, 422, 503),
    openapi_extra=MODEL,
    summary="Send a model to be run",
)
async def send_model(
    desk: ForInvestigation,
    request: Request,
    case_id: str,
    _one: OneVerdict,
    gate: AskAdmission,
    body: Upload,
    _once: Once,
    said: Described,
) -> Verdict:
    """Run the model on the case's probes, in a process of its own, and weigh its answers.

    Only where the operator allows it; otherwise run it yourself and send its outputs. A model that cannot be run leaves
    the case open.
    """
    asker = Asker(settings=request.app.state.settings)

    def weighed() -> Verdict:
        desk.case(case_id)
        suspect = asker.model(body, architecture=said.architecture, output=said.output)
        return asker.verdict(desk, case_id, suspect, kind=said.kind)

    verdict = await gate.weigh(weighed)
    note(request, verdict)
    return verdict


@router.post(
    "/{case_id}/endpoint",
    status_code=status.HTTP_201_CREATED,
    responses=documented(400, 404, 409, 413, 422, 503),
    summary="Have an endpoint asked",
)
async def ask_endpoint(
    desk: ForInvestigation,
    request: Request,
    case_id: str,
    new: NewEndpoint,
    _one: OneVerdict,
    gate: AskAdmission,
    _once: Once,
) -> Verdict:
    """Put the case's probes to an endpoint, record every exchange, and weigh its answers.

    Only where the operator allows it, and only at public addresses or in networks that the operator allows. The same
    request sent again after a failure goes on where asking stopped.
    """
    asker = Asker(settings=request.app.state.settings)

    def weighed() -> Verdict:
        desk.case(case_id)
        suspect = asker.endpoint(new.endpoint, token=new.token)
        return asker.verdict(desk, case_id, suspect, kind=new.kind, batch=new.batch)

    verdict = await gate.weigh(weighed)
    note(request, verdict)
    return verdict


@router.get(
    "/{case_id}/record",
    response_class=Response,
    responses={**documented(404), **_RECORD},
    summary="Get the record of what was asked",
)
def record(desk: ForCases, request: Request, case_id: str) -> Response:
    """Every exchange with the suspect that was run or asked last: digests, times, address, certificate, answers."""
    return Response(Asker(settings=request.app.state.settings).record(desk, case_id), media_type=JSON_LINES)
