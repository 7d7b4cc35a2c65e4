"""Who is calling, and may they: a Bearer token becomes a tenant's `Workspace`, and each route states its scopes.

It is an API key, or, where the operator names an identity provider, one of that provider's tokens (`api.oidc`). It is
looked up in a short reading unit of its own, before an upload is read, so that a stranger's upload costs nothing and a
slow one holds no transaction. 401 means "not known", 403 means "known, and not allowed".
"""

from collections.abc import Callable, Collection
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.oidc.claims import looks_like_one
from api.once import CLAIM
from api.request_ids import HEADERS
from api.settings import Settings
from api.telemetry import CALLER
from api.throttle import RateLimited, Throttle
from api.workspace import Workspace
from registry.errors import UnknownToken, WrongScope
from registry.records import Principal, Scope
from registry.store import Store

_bearer = HTTPBearer(auto_error=False, scheme_name="API key", description="A key made by `countermark key create`.")
BEARER = Security(_bearer)


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


TheStore = Annotated[Store, Depends(_store)]
TheSettings = Annotated[Settings, Depends(_settings)]


def authenticate(
    request: Request,
    store: TheStore,
    credentials: Annotated[HTTPAuthorizationCredentials | None, BEARER],
) -> Principal:
    """The holder of the request's token, one request of whose limit is used up.

    Raises:
        UnknownToken: no token, or one that is malformed, unknown or revoked.
        ExpiredToken: a token past its expiry.
        BearerRefused, IssuerUnreachable: an identity provider's token that is not accepted, or cannot be judged now.
        RateLimited: the key made more requests than it may.
    """
    if credentials is None:
        raise UnknownToken("no API key was sent; send it as `Authorization: Bearer TOKEN`")
    caller = _identified(request, store, credentials.credentials)
    request.scope[CALLER] = (caller.tenant, caller.key_id)
    take(request, caller, "calls")
    return caller


def _identified(request: Request, store: Store, token: str) -> Principal:
    provider = request.app.state.oidc
    if provider is None or not looks_like_one(token):
        with store.reading() as registry:
            return registry.authenticate(token)

    def tenant_id(name: str) -> str:
        with store.reading() as registry:
            return registry.tenant(name).id

    found: Principal = provider.authenticate(token, tenant_id)  # no unit is open while the issuer is asked
    return found


def take(request: Request, caller: Principal, policy: str) -> None:
    """Count one request under the policy; the answer will say what is left.

    Raises:
        RateLimited: one too many.
    """
    _count(request, policy, caller.key_id)


def count_stranger(request: Request) -> None:
    """Count one request of a caller without a key, by its address.

    Raises:
        RateLimited: one too many.
    """
    _count(request, "calls", "stranger", "" if request.client is None else request.client.host)


def _count(request: Request, policy: str, *who: str) -> None:
    throttle: Throttle = request.app.state.throttle
    try:
        _tell(request, throttle.take(policy, *who))
    except RateLimited as error:
        _tell(request, error.left)
        raise


def _tell(request: Request, left: dict[str, str]) -> None:
    """Add a policy to the headers of the answer, whatever the answer will be; several make one list (RFC 9651)."""
    headers: dict[str, str] = request.scope.setdefault(HEADERS, {})
    for name, value in left.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value


def require_any(caller: Principal, scopes: Collection[Scope]) -> None:
    """Return if the caller's key has at least one of the scopes.

    Raises:
        WrongScope: it has none.
    """
    if not caller.scopes.intersection(scopes):
        wanted = " or ".join(f"'{scope}'" for scope in scopes)
        raise WrongScope(f"this key lacks the scope {wanted}; ask an administrator for a key that has it")


def count_case(request: Request, caller: Principal, release: str) -> None:
    """Count one question about a release, whichever key of the tenant asks it.

    Raises:
        RateLimited: one too many.
    """
    _count(request, "cases", caller.tenant, release)


def _verdict(request: Request, caller: Annotated[Principal, Depends(authenticate)]) -> None:
    take(request, caller, "verdicts")
    _count(request, "tries", caller.tenant, str(request.path_params["case_id"]))


def _holder_of(*scopes: Scope) -> Callable[[Request, Principal, Store, Settings], Workspace]:
    """A dependency: the caller's workspace, if its key has at least one of the scopes."""

    def workspace(
        request: Request,
        caller: Annotated[Principal, Depends(authenticate)],
        store: TheStore,
        settings: TheSettings,
    ) -> Workspace:
        require_any(caller, scopes)
        return Workspace(
            store=store,
            tenant=caller.tenant,
            max_array_bytes=settings.max_array_bytes,
            claim=lambda: request.scope.get(CLAIM),
        )

    return workspace


LOG_SCOPES = (Scope.RELEASE, Scope.INVESTIGATE, Scope.AUDIT)
Caller = Annotated[Principal, Depends(authenticate)]
OneVerdict = Annotated[None, Depends(_verdict)]
"""One of the key's verdicts and one of the case's tries are used up, whatever comes of it."""
ForRelease = Annotated[Workspace, Depends(_holder_of(Scope.RELEASE))]
ForProofs = Annotated[Workspace, Depends(_holder_of(Scope.RELEASE, Scope.INVESTIGATE))]
ForInvestigation = Annotated[Workspace, Depends(_holder_of(Scope.INVESTIGATE))]
ForDisclosure = Annotated[Workspace, Depends(_holder_of(Scope.DISCLOSE))]
ForAdministration = Annotated[Workspace, Depends(_holder_of(Scope.ADMIN))]
ForLists = Annotated[Workspace, Depends(_holder_of(Scope.RELEASE, Scope.AUDIT))]
ForCases = Annotated[Workspace, Depends(_holder_of(Scope.INVESTIGATE, Scope.AUDIT))]
ForLog = Annotated[Workspace, Depends(_holder_of(*LOG_SCOPES))]
