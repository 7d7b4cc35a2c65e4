"""Tenants, their API keys and who is calling."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from registry.errors import WrongScope


class Scope(StrEnum):
    """What an API key may do. No scope implies another."""

    RELEASE = "release"  # enrol devices, commit releases, issue copies
    INVESTIGATE = "investigate"  # open cases, read probes, obtain verdicts
    AUDIT = "audit"  # read the log, its proofs, and lists
    DISCLOSE = "disclose"  # obtain evidence packs: one release's carriers and one device's codeword
    ADMIN = "admin"  # manage API keys, forget devices, place and lift legal holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An organisation. Its id is random and may stand in the log; its name may not."""

    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key without its token."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """An API key just made; `token` is shown this once and stored nowhere."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is calling: the tenant's id, the key's id and its scopes."""

    tenant: str
    key_id: str
    scopes: frozenset[Scope]

    def require(self, scope: Scope) -> None:
        """Return if the key has the scope.

        Raises:
            WrongScope: it has not.
        """
        if scope not in self.scopes:
            raise WrongScope(f"this key lacks the scope '{scope}'; ask an administrator for a key that has it")
