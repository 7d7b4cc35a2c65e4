"""RFC 9457 problem documents: what went wrong, and the way out.

`type` is an address of this service that explains the problem (`GET /problems/{slug}`), `instance` is the address
that was asked, `request_id` finds the request in the logs. Nothing that the caller sent is repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.request_ids import HEADER, request_id

MEDIA_TYPE = "application/problem+json"
PREFIX = "/problems/"
SCHEMA = "#/components/schemas/Problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of problem: a row of the table.

    Attributes:
        slug: the last part of `type`, for example `unknown-device`.
        title: what it means, the same for every occurrence.
        status: of the HTTP answer.
        way_out: what the caller can do about it.
    """

    slug: str
    title: str
    status: int
    way_out: str


class Problem(BaseModel):
    """The answer to a request that failed (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/problems/unknown-device",
                "title": "No enrolled device of that name.",
                "status": 404,
                "detail": "no device is called 'edge-7'; list the devices to see their names",
                "instance": "/v1/devices/edge-7",
                "way_out": "List what there is, and ask for one of those; names are case-sensitive.",
                "request_id": "0d9f6c1e8a4b4f7e9f0c2a6d5b3e1f00",
            }
        }
    )

    type: str = Field(description="Address that explains this kind of problem.")
    title: str = Field(description="What this kind of problem means.")
    status: int = Field(description="The HTTP status of the answer.")
    detail: str = Field(description="What is wrong with this request.")
    instance: str = Field(description="The address that was asked.")
    way_out: str = Field(description="What can be done about it.")
    request_id: str = Field(description="Finds this request in the service's logs.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="For an invalid request: each field (`where`) and what is wrong with it (`why`)."
    )


BAD_REQUEST = ProblemKind(
    slug="bad-request",
    title="The request could not be read.",
    status=400,
    way_out="Check the headers and the body against the API's description at /openapi.json.",
)
HTTP_KINDS = (
    BAD_REQUEST,
    ProblemKind(
        slug="no-such-address",
        title="The service has nothing at this address.",
        status=404,
        way_out="See /docs for the addresses.",
    ),
    ProblemKind(
        slug="method-not-allowed",
        title="The address exists and does not know this method.",
        status=405,
        way_out="Use one of the methods in the Allow header.",
    ),
    ProblemKind(
        slug="not-acceptable",
        title="The answer exists in none of the accepted forms.",
        status=406,
        way_out="Accept application/x-npz or application/vnd.safetensors, or say ?format=npz or ?format=safetensors.",
    ),
    ProblemKind(
        slug="body-too-slow",
        title="The body took longer to arrive than this service waits.",
        status=408,
        way_out="Compress the file, or send it from nearer; or ask the operator for more time.",
    ),
    ProblemKind(
        slug="body-too-large",
        title="The request's body is larger than this address accepts.",
        status=413,
        way_out="Send float32 numbers, compressed, for the case's probes only; or ask the operator for a higher limit.",
    ),
)
OVERLOADED = ProblemKind(
    slug="service-overloaded",
    title="The service is serving as many requests as it can.",
    status=503,
    way_out="Send the request again after the seconds in Retry-After; it was not begun.",
)
INVALID_REQUEST = ProblemKind(
    slug="invalid-request",
    title="A field is missing, unknown, or not of its type.",
    status=422,
    way_out="Correct the fields that `errors` lists; unknown fields are refused, and types are not converted.",
)
INTERNAL = ProblemKind(
    slug="internal-error",
    title="The service failed; nothing was changed.",
    status=500,
    way_out="Tell the operator the request id; trying again later does no harm.",
)


def respond(
    request: Request,
    kind: ProblemKind,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> JSONResponse:
    """The problem document as an answer."""
    found = request_id(request.scope)
    problem = Problem(
        type=PREFIX + kind.slug,
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=request.url.path,
        way_out=kind.way_out,
        request_id=found,
        errors=errors,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), HEADER: found},
    )


def http_problem(request: Request, error: HTTPException) -> JSONResponse:
    """The problem document of an error that the web framework raised."""
    known = {kind.status: kind for kind in HTTP_KINDS}
    return respond(request, known.get(error.status_code, BAD_REQUEST), str(error.detail), headers=error.headers)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer these statuses with a problem document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": SCHEMA}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


_MEANING = {
    400: "The request could not be read.",
    401: "No API key, or one that is unknown, revoked or expired.",
    403: "The API key lacks the scope.",
    404: "No such thing for this tenant.",
    406: "None of the accepted forms is offered.",
    409: "It exists already, happened already, or is not allowed in this state.",
    408: "The body took too long to arrive.",
    413: "The body, or the array in it, is larger than the limit.",
    415: "The body is in no format that is read.",
    422: "The request is well-formed and cannot be used as it is.",
    429: "The key made more requests than its limit allows; see Retry-After.",
    500: "The service failed, or what it stored was changed behind its back.",
    503: "Busy, or not ready yet; see Retry-After.",
}
