"""Cases: open one, fetch the probes, send back what the suspect answered, read the verdict."""

import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, status

from api import probes as probe_files
from api.asker import Asker
from api.auth import Caller, ForCases, ForDisclosure, ForInvestigation, OneVerdict, count_case
from api.etags import NOT_MODIFIED, immutable
from api.evidence import Verdict
from api.idempotency import Once
from api.media import NPZ, OCTETS, SAFETENSORS, ZIP
from api.pages import PageQuery
from api.problems import documented
from api.schemas import Case, ListOf, NewCase
from api.suspects.errors import NoRecord
from api.telemetry import CALLER
from api.uploads import Admission, Upload, documented_download, documented_upload
from api.verdicts import note, shown
from api.workspace import Workspace
from fingerprint.observation import Kind
from registry.errors import MalformedEvidence, NotShown

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=documented(401, 403))
_ANSWERS = documented_upload(
    NPZ, SAFETENSORS, OCTETS, description="The suspect's answers to all probes in order, as the array `outputs`."
)
_PROBES = documented_download(NPZ, SAFETENSORS, description="The probe inputs, as the array `probes`.")
_PACK = documented_download(ZIP, description="The pack; `countermark evidence verify` checks it offline.")
AccusedName = Annotated[str | None, Query(description="Name of the accused; else the one device that is named.")]
Controls = Annotated[list[str] | None, Query(description="Ids of decided cases of the same release.")]
ProbeForm = Annotated[probe_files.Form | None, Query(alias="format", description="Instead of the Accept header.")]
AnswerKind = Annotated[Kind, Query(description="What the answers are.")]


@router.post("", status_code=status.HTTP_201_CREATED, responses=documented(400, 404, 413, 422), summary="Open a case")
def open_case(desk: ForInvestigation, request: Request, caller: Caller, new: NewCase, _once: Once) -> Case:
    """Ask whose copy of a release a suspect is. A case is decided once; open another to test again.

    Each case is a question about the release, and a day allows so many.
    """
    count_case(request, caller, new.release)
    return desk.open_case(new.release, suspect=new.suspect)


@router.get("", responses=documented(422), summary="List cases")
def cases(desk: ForCases, query: Annotated[PageQuery, Query()]) -> ListOf[Case]:
    """Cases, decided and open."""
    return desk.cases(after=query.after, limit=query.limit)


@router.get("/{case_id}", responses=documented(404), summary="Look at a case")
def case(desk: ForCases, case_id: str) -> Case:
    """One case."""
    return desk.case(case_id)


@router.get(
    "/{case_id}/probes",
    response_class=Response,
    responses={**documented(404, 406, 422), **_PROBES, **NOT_MODIFIED},
    summary="Get the probes of a case",
)
def probes(desk: ForInvestigation, request: Request, case_id: str, form: ProbeForm = None) -> Response:
    """The inputs to put to the suspect, in order; by default as npz."""
    chosen = form or probe_files.accepted(request.headers.get("accept", "*/*"))
    release = desk.release(desk.case(case_id).release)

    def file() -> Response:
        data = probe_files.write(desk.probes(case_id), chosen)
        disposition = f'attachment; filename="probes.{chosen}"'
        return Response(data, media_type=chosen.media_type, headers={"Content-Disposition": disposition})

    answer = immutable(request, f"{release.pack_digest}.{chosen}", file)
    answer.headers["Vary"] = "Accept"
    return answer


@router.post(
    "/{case_id}/outputs",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 408, 409, 413, 415, 422),
    openapi_extra=_ANSWERS,
    summary="Send the suspect's answers",
)
async def send_outputs(
    desk: ForInvestigation,
    request: Request,
    case_id: str,
    kind: AnswerKind,
    _one: OneVerdict,
    gate: Admission,
    body: Upload,
    _once: Once,
) -> Verdict:
    """Weigh the answers and record the verdict in the log; the answer proves that it stands there.

    The evidence is computed before any codeword is unsealed. Answers that cannot be used leave the case open.
    Refused (409, `looks-taken`) once a job took a look of the release's plan about the case: alpha is spent once.
    """
    started = time.perf_counter()
    verdict = await gate.weigh(partial(desk.send_outputs, case_id, body, kind=kind))
    note(request, verdict, weighed_in=time.perf_counter() - started)
    return verdict


@router.get("/{case_id}/verdict", responses=documented(404, 409), summary="Read the verdict")
def verdict(desk: ForCases, request: Request, caller: Caller, case_id: str) -> Verdict:
    """The recorded verdict, with a proof against the newest checkpoint; without scores for an auditor."""
    return shown(request, desk.verdict(case_id), caller)


@router.get(
    "/{case_id}/evidence",
    response_class=Response,
    responses={**documented(404, 409, 422), **_PACK},
    summary="Get an evidence pack",
)
async def evidence(
    desk: ForDisclosure,
    request: Request,
    case_id: str,
    gate: Admission,
    device: AccusedName = None,
    negative: Controls = None,
    positive: Controls = None,
) -> Response:
    """Everything that a judge or an accused needs to check the verdict about one device, without network.

    It discloses the carriers of this release and the codeword of this device's copy, and of other devices a number.
    """
    chosen: dict[str, Any] = {"device": device, "negative": negative or (), "positive": positive or ()}
    pack = await gate.weigh(partial(_evidence, desk, request, case_id, chosen))
    tenant, key = request.scope[CALLER]
    request.app.state.log.info("evidence", case=case_id, device=device, tenant=tenant, key=key)
    disposition = f'attachment; filename="evidence-{case_id}.zip"'
    return Response(pack, media_type=ZIP, headers={"Content-Disposition": disposition, "Cache-Control": "no-store"})


def _evidence(desk: Workspace, request: Request, case_id: str, chosen: dict[str, Any]) -> bytes:
    """A pack with the record of what the service asked itself, if it did and those are the answers that were judged."""
    try:
        record = Asker(settings=request.app.state.settings).record(desk, case_id)
        return desk.evidence(case_id, record=record, **chosen)
    except (NoRecord, MalformedEvidence, NotShown):  # nobody was asked, or the answers came another way in the end
        return desk.evidence(case_id, **chosen)
