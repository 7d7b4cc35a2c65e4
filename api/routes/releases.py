"""Releases: commit a verifier pack, list, fetch the pack, reserve copies."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from api import bom as bill
from api.auth import ForLists, ForRelease
from api.etags import NOT_MODIFIED, immutable
from api.fields import Digest, Name
from api.idempotency import Once
from api.media import JSON, OCTETS, SAFETENSORS
from api.pages import PageQuery
from api.problems import documented
from api.schemas import ListOf, NewReservation, Release, Reservation
from api.uploads import Upload, documented_download, documented_upload

router = APIRouter(prefix="/v1/releases", tags=["releases"], responses=documented(401, 403, 422))
_PACK_SENT = documented_upload(SAFETENSORS, OCTETS, description="The verifier pack, one safetensors file.")
_PACK = documented_download(SAFETENSORS, description="The verifier pack.")
_COMMITMENT = documented_download(JSON, description="The commitment's canonical bytes.")
_BOM = documented_download(bill.MEDIA_TYPE, description="A CycloneDX document.")
OneCopy = Annotated[str | None, Query(max_length=64, description="Id of a copy: only that one, to go with its file.")]
ReleaseName = Annotated[
    Name, Query(description="Name of the release, unique within the tenant.", examples=["digits-1"])
]
ReferenceModels = Annotated[
    tuple[Digest, ...], Query(max_length=64, description="Digest of an unsigned model's file; repeat for several.")
]
FirstLook = Annotated[
    int | None, Query(ge=2, le=2**31, description="Commit to looks after so many probes, then at doubled numbers.")
]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented(408, 409, 413),
    openapi_extra=_PACK_SENT,
    summary="Commit a release",
)
def commit(
    desk: ForRelease,
    name: ReleaseName,
    pack: Upload,
    _once: Once,
    reference_model: ReferenceModels = (),
    first_look: FirstLook = None,
) -> Release:
    """Store the verifier pack and append its commitment to the log, before any codeword of the release exists."""
    return desk.commit_release(name, pack=pack, reference_models=reference_model, first_look=first_look)


@router.get("", summary="List releases")
def releases(desk: ForLists, query: Annotated[PageQuery, Query()]) -> ListOf[Release]:
    """Releases by name."""
    return desk.releases(after=query.after, limit=query.limit)


@router.get("/{name}", responses=documented(404), summary="Look at a release")
def release(desk: ForLists, name: str) -> Release:
    """One release."""
    return desk.release(name)


@router.get(
    "/{name}/commitment",
    response_class=Response,
    responses={**documented(404), **_COMMITMENT, **NOT_MODIFIED},
    summary="Get what a release is committed to",
)
def commitment(desk: ForLists, request: Request, name: str) -> Response:
    """Canonical JSON (RFC 8785), whose digest the log's entry holds: digests and constants, no secret."""
    tag = desk.release(name).commitment_digest
    return immutable(request, tag, lambda: Response(desk.commitment(name), media_type=JSON))


@router.get(
    "/{name}/bom",
    response_class=Response,
    responses={**documented(404, 413), **_BOM},
    summary="Get a release's bill of materials",
)
def bom(desk: ForLists, name: str, copy: OneCopy = None) -> Response:
    """CycloneDX 1.6: the release and its issued copies by digest, with model cards. Devices are not named."""
    return Response(desk.bom(name, copy=copy), media_type=bill.MEDIA_TYPE)


@router.get(
    "/{name}/pack",
    response_class=Response,
    responses={**documented(404, 500), **_PACK, **NOT_MODIFIED},
    summary="Get a release's verifier pack",
)
def pack(desk: ForRelease, request: Request, name: str) -> Response:
    """The committed file, its digest checked on the way out."""
    tag = desk.release(name).pack_digest
    return immutable(request, tag, lambda: Response(desk.pack(name), media_type=SAFETENSORS))


@router.post(
    "/{name}/copies",
    status_code=status.HTTP_201_CREATED,
    responses=documented(400, 404, 409, 413),
    summary="Reserve a copy",
)
def reserve(desk: ForRelease, name: str, wanted: NewReservation, response: Response, _once: Once) -> Reservation:
    """Draw the registrar's nonce for one copy and hand its codeword to the signer, this once."""
    response.headers["Cache-Control"] = "no-store"
    return desk.reserve_copy(name, wanted.device)
