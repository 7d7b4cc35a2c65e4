"""Fetching an issuer's keys through the outbound client: checked addresses, bounded answers, few attempts."""

import json
from typing import Any
from urllib.parse import urlsplit

from api.oidc.errors import IssuerUnreachable
from api.oidc.keys import Jwk
from api.openapi import DISCOVERY
from api.suspects.errors import SuspectError
from api.suspects.guard import Guard, Network
from api.suspects.outbound import Asked, Bounds, Outbound

_BOUNDS = Bounds(bytes=1 << 20, seconds=5.0, redirects=1, attempts=2)
_MOST_KEYS = 100


def fetch_keys(issuer: str, jwks: str | None, networks: tuple[Network, ...]) -> list[Jwk]:
    """The issuer's keys, from the address given or from the one in its metadata (OpenID Connect Discovery 1.0, 4).

    Raises:
        IssuerUnreachable: no answer, or one that is no set of keys.
    """
    client = Outbound(guard=Guard(allowed=networks), bounds=_BOUNDS)
    try:
        where = jwks or _discovered(client, issuer)
        found = _json(client, where).get("keys")
    except (SuspectError, ValueError, RecursionError) as error:
        raise IssuerUnreachable(f"the keys of {issuer} cannot be fetched ({error})") from error
    finally:
        client.close()
    if not isinstance(found, list):
        raise IssuerUnreachable(f"{where} answers no set of keys (RFC 7517)")
    return [jwk for jwk in found[:_MOST_KEYS] if isinstance(jwk, dict)]


def require_safe(url: str) -> str:
    """The address, if nobody on the way can change what it answers: https, or this very machine.

    Raises:
        ValueError: it is neither.
    """
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not here and (parts.scheme != "https" or not parts.hostname):
        raise ValueError(f"{url} is not an https address, so that anybody on the way could send other keys")
    return url


def _discovered(client: Outbound, issuer: str) -> str:
    said = _json(client, issuer.rstrip("/") + DISCOVERY)
    if said.get("issuer") != issuer:
        raise ValueError(f"its metadata are those of {said.get('issuer')!r}")
    return require_safe(str(said.get("jwks_uri")))


def _json(client: Outbound, url: str) -> dict[str, Any]:
    value = json.loads(client.ask(Asked(method="GET", url=url)).body)
    if not isinstance(value, dict):
        raise ValueError(f"{url} answers no JSON object")  # noqa: TRY004 - caught with the other faults of an answer
    return value
