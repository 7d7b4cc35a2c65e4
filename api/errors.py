"""The one table from an error of any package to a status and the way out, and the handlers that answer with it.

A problem's `type` is the error's class in kebab case and its `title` the first line of the class's docstring, so that
code, trees and answers speak of the same things. A class without a row takes that of its nearest ancestor.
"""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.bom import TooManyCopies
from api.gate import RETRY_AFTER, Overloaded
from api.idempotency import answered_before
from api.oidc.errors import BearerRefused, IssuerUnreachable
from api.once import KeyReused, Replayed, RequestInFlight
from api.pages import MalformedCursor
from api.problems import HTTP_KINDS, INTERNAL, INVALID_REQUEST, OVERLOADED, ProblemKind, http_problem, respond
from api.request_ids import request_id
from api.suspects import errors as answers
from api.throttle import RateLimited
from fingerprint import errors as core
from registry import errors as registry

_ASK_AGAIN = "Correct what the detail names and send it again; nothing was recorded."
_LIST = "List what there is and ask for one of those; names are case-sensitive."
_STATE = "Look at the thing's present state first; repeating the request will not change the answer."
_MODEL = "Correct what the detail names, or ask the model yourself and send its answers; the case is still open."
_OPERATOR = "Tell the operator the request id; `countermark log audit` says what was changed."

TABLE: dict[type[Exception], tuple[int, str]] = {
    # who is calling
    registry.AuthError: (401, "Send `Authorization: Bearer TOKEN` with a key made by `countermark key create`."),
    registry.ExpiredToken: (401, "Ask an administrator for a new key; this one does not come back."),
    BearerRefused: (401, "Get a new token from the identity provider, for this service's audience and your tenant."),
    IssuerUnreachable: (503, "Try again in some seconds, or use an API key; the operator's identity provider is away."),
    registry.WrongScope: (403, "Ask an administrator for a key with the scope that the detail names."),
    # what is there, and in which state
    registry.NotFound: (404, _LIST),
    registry.Conflict: (409, _STATE),
    registry.LooksTaken: (
        409,
        "Follow or retry the job that the detail names; if it was cancelled, open another case: that is another test.",
    ),
    registry.DuplicateName: (409, "Choose another name; names are never used twice."),
    registry.Refused: (409, _STATE),
    registry.ChallengeUsed: (409, "Look at its outcome, or open another challenge; each is answered once."),
    registry.ChallengeExpired: (409, "Open another challenge and answer it before its `expires_at`."),
    registry.PossessionKeyMissing: (
        409,
        "Enrol the device again, with its silicon: `countermark device reenroll NAME`.",
    ),
    registry.PossessionRefused: (
        422,
        "The challenge is used up and the log has the attempt; open another to try again.",
    ),
    registry.NotPublished: (503, "Try again in a second: the entry is written, its checkpoint is being signed."),
    # what was sent
    registry.Malformed: (422, _ASK_AGAIN),
    registry.ProofInvalid: (422, "Fetch the proof and the checkpoint again, from the same service."),
    registry.SignatureInvalid: (422, "Compare the log's key with the one that you were given out of band."),
    registry.TimestampInvalid: (
        422,
        "Compare the authority's certificates with those given to you out of band.",
    ),
    registry.TimestampFailed: (503, "Try again, or another authority; nothing was stored."),
    registry.Inconsistent: (422, "Keep both checkpoints: together they show that history was rewritten."),
    core.FingerprintError: (422, _ASK_AGAIN),
    core.ObservationError: (
        422,
        "Correct the answers or state their kind; the case is still open, nothing was recorded.",
    ),
    answers.AnswersError: (422, "Save the answers with numpy.savez('outputs.npz', outputs=array) and send that file."),
    answers.AnswersUnknownFormat: (415, "Send npz, npy or safetensors."),
    answers.AnswersTooLarge: (413, "Send float32 answers to the case's probes only."),
    answers.AnswersFormatMissing: (415, "Send npz, npy or safetensors, or ask the operator to install the extra."),
    answers.ModelError: (422, _MODEL),
    answers.ModelUnknownFormat: (415, _MODEL),
    answers.ModelTooLarge: (413, _MODEL),
    answers.ModelNotAdmitted: (403, "Ask the suspect yourself (`countermark verify SUSPECT`) and send its answers."),
    answers.AdapterMissing: (503, "Ask the operator to install the extra that the detail names, or send answers."),
    answers.SuspectError: (422, "Correct what the detail names and ask again; answers so far are kept, none is lost."),
    answers.RecordMismatch: (409, "Ask the suspect that was asked before about this case, or open another case."),
    answers.NoRecord: (404, "Read the verdict; the digest of the answers that were sent is in it."),
    answers.BudgetSpent: (409, "Send the same request again: asking goes on where it stopped."),
    MalformedCursor: (422, "Use `next` of the previous page as it is, or leave `after` out to begin again."),
    # how much is asked
    TooManyCopies: (413, "Ask for the document of one copy, with `copy=ID`."),
    RateLimited: (429, "Wait for the seconds in Retry-After; ask the operator for a higher limit if you need one."),
    Overloaded: (503, "Send the same request again after the seconds in Retry-After; the case is still open."),
    KeyReused: (422, "Make a new Idempotency-Key, for example a UUID, for each request; repeat it only on a retry."),
    RequestInFlight: (409, "Wait a second and send the same request with the same key again."),
    # what the service holds
    registry.Tampered: (500, _OPERATOR),
    registry.StoreError: (503, "Tell the operator: the data directory or its keys cannot be used."),
    registry.RegistryError: (500, _OPERATOR),
}
ROOTS = (
    registry.RegistryError,
    core.FingerprintError,
    answers.AnswersError,
    answers.ModelError,
    answers.SuspectError,
    MalformedCursor,
    IssuerUnreachable,
    TooManyCopies,
    RateLimited,
    Overloaded,
    KeyReused,
    RequestInFlight,
)

_NOT_ALLOWED = 405
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="countermark"'}
_HEADERS = {401: _CHALLENGE, 503: RETRY_AFTER}


def kind_of(error: type[Exception]) -> ProblemKind:
    """The kind of problem that an error's class stands for.

    Example:
        >>> kind = kind_of(registry.UnknownDevice)
        >>> kind.slug, kind.status
        ('unknown-device', 404)
    """
    status, way_out = next(TABLE[ancestor] for ancestor in error.__mro__ if ancestor in TABLE)
    slug = re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()
    title = (error.__doc__ or error.__name__).strip().splitlines()[0]
    return ProblemKind(slug=slug, title=title, status=status, way_out=way_out)


def _descend(error: type[Exception]) -> list[type[Exception]]:
    return [error, *(leaf for child in error.__subclasses__() for leaf in _descend(child))]


def catalogue() -> dict[str, ProblemKind]:
    """Every kind of problem that the service can answer with, by slug."""
    domain = (kind_of(error) for root in ROOTS for error in _descend(root))
    return {kind.slug: kind for kind in (*HTTP_KINDS, INVALID_REQUEST, INTERNAL, OVERLOADED, *domain)}


def install(app: FastAPI) -> None:
    """Answer every error with its problem document."""
    for root in ROOTS:
        app.add_exception_handler(root, _domain)
    app.add_exception_handler(Replayed, _replayed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _internal)


async def _domain(request: Request, error: Exception) -> JSONResponse:
    kind = kind_of(type(error))
    headers = _HEADERS.get(kind.status, {})
    if isinstance(error, RateLimited):
        headers = {"Retry-After": str(error.retry_after)}
    return respond(request, kind, str(error), headers=headers)


async def _replayed(request: Request, done: Any) -> Response:
    return await answered_before(request, done.answer)


async def _http(request: Request, error: Any) -> JSONResponse:
    if error.status_code == _NOT_ALLOWED:
        error.headers = {"Allow": ", ".join(sorted(_methods(request)))}
    return http_problem(request, error)


def _methods(request: Request) -> set[str]:
    """All methods of an address; the framework looks at the first route only, and each of ours has one method."""
    routes = request.app.state.routes
    return {method for route in routes if route.path_regex.match(request.url.path) for method in route.methods}


async def _invalid(request: Request, error: Any) -> JSONResponse:
    """Where and why, never the value: it may be a secret."""
    found = [{"where": ".".join(map(str, item["loc"])), "why": item["msg"]} for item in error.errors()]
    where = ", ".join(item["where"] for item in found)
    return respond(request, INVALID_REQUEST, f"{len(found)} fields cannot be used: {where}", errors=found)


async def _internal(request: Request, error: Exception) -> JSONResponse:
    """Nothing of the error itself: the server's log has it under the request id."""
    request.app.state.log.error("unexpected", request_id=request_id(request.scope), exc_info=error)
    return respond(request, INTERNAL, "an unexpected error; it is in the service's log under this request id")
