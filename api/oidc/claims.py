"""From the claims of a token that holds to whoever is calling. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.oidc.errors import BearerRefused
from registry.records import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """Where a token says for whom and for what it is.

    Attributes:
        tenant: claim that holds a tenant's name; dots lead into objects (`org.name`).
        scope: claim that holds the scopes: one text with spaces between them (RFC 8693) or a list of texts.
        prefix: what the scopes of this service begin with; others are another service's.
    """

    tenant: str = "tenant"
    scope: str = "scope"
    prefix: str = "countermark:"

    def tenant_of(self, claims: Mapping[str, Any]) -> str:
        """Name of the tenant.

        Example:
            >>> ClaimNames(tenant="org.name").tenant_of({"org": {"name": "acme"}})
            'acme'

        Raises:
            BearerRefused: the claim is missing, or no text.
        """
        found = _at(claims, self.tenant)
        if not isinstance(found, str) or not found:
            raise BearerRefused(f"the token has no claim '{self.tenant}' that names a tenant")
        return found

    def scopes_of(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        """The scopes of this service; none where the claim is missing, and unknown ones are left out.

        Example:
            >>> sorted(ClaimNames().scopes_of({"scope": "openid countermark:audit countermark:everything"}))
            [<Scope.AUDIT: 'audit'>]
        """
        found = _at(claims, self.scope)
        words = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
        named = {str(word).removeprefix(self.prefix) for word in words if str(word).startswith(self.prefix)}
        return frozenset(scope for scope in Scope if scope in named)


def caller_id(issuer: str, subject: str) -> str:
    """What a subject is called in logs, limits and idempotency keys: tells it apart, and does not name it."""
    return "oidc:" + hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()[:32]


def looks_like_one(token: str) -> bool:
    """Whether a bearer token is a compact JWS rather than an API key.

    Example:
        >>> looks_like_one("eyJhbGciOiJub25lIn0.e30."), looks_like_one("cmk_abc")
        (True, False)
    """
    return token.startswith("eyJ") and token.count(".") == 2


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that very name, or the one that the dots lead to."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
