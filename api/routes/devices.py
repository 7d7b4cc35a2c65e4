"""Devices: enrol, list, look at, revoke, forget."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from api.auth import ForAdministration, ForLists, ForProofs, ForRelease
from api.idempotency import Once
from api.media import OCTETS
from api.pages import PageQuery
from api.problems import documented
from api.schemas import Device, ListOf, NewDevice, NewEnrolment
from api.uploads import documented_download

router = APIRouter(prefix="/v1/devices", tags=["devices"], responses=documented(401, 403, 422))
_HELPER_DATA = documented_download(OCTETS, description="The helper data of its latest enrolment.")


@router.post("", status_code=status.HTTP_201_CREATED, responses=documented(400, 409, 413), summary="Enrol a device")
def enroll(desk: ForRelease, new: NewDevice, _once: Once) -> Device:
    """Keep a device's helper data, public key, hash of its key and sealed codeword key; append this to the log.

    The helper data comes from `countermark device enroll` or `fingerprint.extractor.enroll`. A raw PUF response is
    never sent and never stored.
    """
    return desk.enroll_device(
        new.name,
        helper_data=new.helper_data,
        identity=new.identity,
        codeword_key=new.codeword_key,
        possession_key=new.possession_key,
    )


@router.post(
    "/{name}/enrolments",
    status_code=status.HTTP_201_CREATED,
    responses=documented(400, 404, 409, 413),
    summary="Enrol a device again",
)
def reenroll(desk: ForRelease, name: str, new: NewEnrolment, _once: Once) -> Device:
    """Replace helper data, hash and public key, as `countermark device reenroll` does; append this to the log.

    Copies stay bound to the codeword key of the first enrolment, so that those that were issued are still traced.
    """
    return desk.reenroll_device(
        name, helper_data=new.helper_data, identity=new.identity, possession_key=new.possession_key
    )


@router.get("", summary="List devices")
def devices(desk: ForLists, query: Annotated[PageQuery, Query()]) -> ListOf[Device]:
    """Devices by name, revoked ones included."""
    return desk.devices(after=query.after, limit=query.limit)


@router.get("/{name}", responses=documented(404), summary="Look at a device")
def device(desk: ForLists, name: str) -> Device:
    """One device."""
    return desk.device(name)


@router.get(
    "/{name}/helper-data",
    response_class=Response,
    responses={**documented(404), **_HELPER_DATA},
    summary="Get a device's helper data",
)
def helper_data(desk: ForProofs, name: str) -> Response:
    """What the device needs, with a fresh read-out of its PUF, to rebuild its key."""
    return Response(desk.helper_data(name), media_type=OCTETS)


@router.post("/{name}/revoke", responses=documented(404, 409), summary="Revoke a device")
def revoke(desk: ForRelease, name: str, _once: Once) -> Device:
    """Issue no further copies for the device. Copies that it has are still traced to it."""
    return desk.revoke_device(name)


@router.post("/{name}/forget", responses=documented(404, 409), summary="Forget a device")
def forget(desk: ForAdministration, name: str, _once: Once) -> Device:
    """Destroy the device's data key, name and helper data for good. Its copies cannot be traced to it any more.

    The log stays as it is: its entries hold random ids and digests only. Refused while a legal hold rests on it.
    """
    return desk.forget_device(name)
