"""Checking a token of the issuer: a numbered recipe, each step with the attack that it stops.

| step | what | stops |
|---|---|---|
| 1 | the header names one of `ALGORITHMS` | `none`; HMAC with the public key as its secret |
| 2 | the key is the issuer's of that `kid`, public, for signatures, and of the algorithm's kind | `jwk`, `jku` and `x5u` in the header, which are never read; one algorithm's key used with another |
| 3 | the signature holds | forgery |
| 4 | `iss`, `aud`, `exp`, `nbf`, `iat`, `sub` | another issuer's token; another service's; one from before or after its time |
| 5 | claims name a tenant of this registry, and scopes | a subject without rights here |
"""  # noqa: E501 - a table

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt

from api.oidc.claims import ClaimNames, caller_id
from api.oidc.errors import BearerExpired, BearerRefused, OidcUnusable
from api.oidc.fetching import fetch_keys, require_safe
from api.oidc.keys import IssuerKeys
from api.settings import Settings
from registry.errors import UnknownTenant
from registry.records import Principal

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY = 30
"""Seconds by which two clocks may differ."""
_KINDS = ("RSA", "EC", "OKP")
_REQUIRED = ["exp", "iss", "aud", "sub"]

TenantId = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One issuer whose tokens are accepted.

    Attributes:
        issuer, audience: what a token must say.
        names: where it says the rest.
        keys: the issuer's.
    """

    issuer: str
    audience: str
    names: ClaimNames
    keys: IssuerKeys

    @classmethod
    def of(cls, settings: Settings) -> "Provider":
        """The provider that the settings name.

        Raises:
            OidcUnusable: no audience is set, without which another service's tokens would be accepted, or an address
                that is not https.
        """
        if settings.oidc_issuer is None or not settings.oidc_audience:
            raise OidcUnusable("COUNTERMARK_OIDC_ISSUER needs COUNTERMARK_OIDC_AUDIENCE: what its tokens are for")
        try:
            for url in filter(None, (settings.oidc_issuer, settings.oidc_jwks)):
                require_safe(url)
        except ValueError as error:
            raise OidcUnusable(f"COUNTERMARK_OIDC_ISSUER, COUNTERMARK_OIDC_JWKS: {error}") from error
        names = ClaimNames(
            tenant=settings.oidc_tenant_claim, scope=settings.oidc_scope_claim, prefix=settings.oidc_scope_prefix
        )
        fetch = partial(fetch_keys, settings.oidc_issuer, settings.oidc_jwks, settings.allow_networks)
        return cls(issuer=settings.oidc_issuer, audience=settings.oidc_audience, names=names, keys=IssuerKeys(fetch))

    def authenticate(self, token: str, tenant_id: TenantId) -> Principal:
        """Whoever the token was issued to.

        Args:
            token: a compact JWS.
            tenant_id: id of the tenant of a name; raises UnknownTenant.

        Raises:
            BearerExpired: its time is over.
            BearerRefused: anything else is wrong with it.
            IssuerUnreachable: nobody can tell, for the issuer's keys are not at hand.
        """
        claims = self._claims(token)
        try:
            tenant = tenant_id(self.names.tenant_of(claims))
        except UnknownTenant as error:
            raise BearerRefused("the token names a tenant that is not one of this registry's") from error
        identity = caller_id(self.issuer, str(claims["sub"]))
        return Principal(tenant=tenant, key_id=identity, scopes=self.names.scopes_of(claims))  # 5.

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            claims: dict[str, Any] = jwt.decode(  # 3. and 4.
                token,
                key=self._key(header),
                algorithms=ALGORITHMS,
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise BearerExpired("the token has expired; get a new one from the identity provider") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise BearerRefused(f"the token is not accepted: {_reason(error)}") from error
        return claims

    def _key(self, header: dict[str, Any]) -> jwt.PyJWK:
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:  # 1.
            raise BearerRefused(f"the token is signed with {str(algorithm)[:16]!r}; use one of {', '.join(ALGORITHMS)}")
        if not isinstance(kid, str):
            raise BearerRefused("the token does not name the key it is signed with (kid)")
        jwk = self.keys.key(kid)
        if jwk is None:
            raise BearerRefused("the token names a key that the issuer does not have (any more)")
        if jwk.get("kty") not in _KINDS or jwk.get("use", "sig") != "sig":  # 2.
            raise BearerRefused("the token names a key that is not for signatures")
        return jwt.PyJWK(dict(jwk), algorithm=jwk.get("alg", algorithm))


def _reason(error: Exception) -> str:
    """What is wrong, without the token's own words."""
    reasons: dict[type[Exception], str] = {
        jwt.InvalidAudienceError: "it is for another audience",
        jwt.InvalidIssuerError: "it is another issuer's",
        jwt.ImmatureSignatureError: "its time has not come; compare the clocks",
        jwt.InvalidSignatureError: "its signature does not hold",
    }
    missing = f"it has no claim '{error.claim}'" if isinstance(error, jwt.MissingRequiredClaimError) else None
    return missing or reasons.get(type(error), "it is malformed")
