"""Tenants and API keys."""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from itertools import count

from registry import tokens
from registry.errors import (
    AlreadyRevoked,
    DuplicateName,
    ExpiredToken,
    KeyEnded,
    MalformedValue,
    UnknownApiKey,
    UnknownTenant,
    UnknownToken,
)
from registry.records import ApiKey, NewApiKey, Page, Principal, Scope, Tenant
from registry.repository.access import SealedPepper
from registry.sealing import RowIdentity
from registry.usecases.tools import Tools, require_limit, require_name

LONGEST_OVERLAP = timedelta(days=90)
_LAST = datetime.max.replace(tzinfo=UTC)


def pepper_row(pepper_id: str) -> RowIdentity:
    """Identity of a pepper's row."""
    return RowIdentity("pepper", "", pepper_id)


class Access:
    """Who may call, and as whom."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.access

    def create_tenant(self, name: str) -> Tenant:
        """A new organisation."""
        tenant = Tenant(id=self._tools.new_id(), name=require_name(name, "tenant"), created_at=self._tools.clock())
        if self._stored.tenant_named(name) is not None:
            raise DuplicateName(f"there is a tenant '{name}' already; choose another name")
        self._stored.add_tenant(tenant)
        return tenant

    def tenant(self, name: str) -> Tenant:
        """The organisation of that name."""
        tenant = self._stored.tenant_named(name) if name.isprintable() else None
        if tenant is None:
            raise UnknownTenant(f"there is no tenant '{name}'")
        return tenant

    def create_api_key(
        self, tenant: str, name: str, scopes: AbstractSet[Scope], expires_at: datetime | None
    ) -> NewApiKey:
        """A new key under the newest pepper."""
        self._tools.require_tenant(tenant)
        return self._made(tenant, name, scopes, expires_at, self._tools.clock())

    def authenticate(self, token: str) -> Principal:
        """Who presents this token; a revoked key's token is as unknown as one that never was."""
        tokens.require_token(token)
        found = self._stored.key_by_hash(self._hashes(token))
        if found is None or found[1].revoked_at is not None:
            raise UnknownToken("no key has this token; it was never issued here, or the key was revoked")
        tenant, key = found
        if key.expires_at is not None and key.expires_at <= self._tools.clock():
            raise ExpiredToken(f"the key '{key.name}' expired; ask an administrator for a new one")
        return Principal(tenant=tenant, key_id=key.id, scopes=key.scopes)

    def api_keys(self, tenant: str) -> tuple[ApiKey, ...]:
        """Every key of the tenant."""
        return self._stored.api_keys(tenant)

    def page_of_keys(self, tenant: str, *, after: str | None, limit: int) -> Page[ApiKey]:
        """Keys by name."""
        return self._stored.page_of_keys(tenant, after, require_limit(limit))

    def rotate_api_key(self, tenant: str, key_id: str, *, overlap: timedelta, name: str | None) -> NewApiKey:
        """A new key with the old one's scopes and length of life; the old one ends after the overlap, if not before."""
        old, now = self._key(tenant, key_id), self._tools.clock()
        if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
            raise KeyEnded(f"the key '{old.name}' was revoked or expired; make a new one")
        if not timedelta() <= overlap <= LONGEST_OVERLAP:
            raise MalformedValue(f"two keys overlap by 0 to {LONGEST_OVERLAP.days} days, not {overlap}")
        life = None if old.expires_at is None else old.expires_at - old.created_at
        taken = {key.name for key in self._stored.api_keys(tenant)}
        expires = None if life is None else now + min(life, _LAST - now)
        made = self._made(tenant, _next_name(old.name, taken) if name is None else name, old.scopes, expires, now)
        ends = now + overlap if old.expires_at is None else min(old.expires_at, now + overlap)
        self._stored.expire_api_key(tenant, key_id, ends)
        return made

    def revoke_api_key(self, tenant: str, key_id: str) -> ApiKey:
        """The key, refused from now on."""
        key = self._key(tenant, key_id)
        if key.revoked_at is not None:
            raise AlreadyRevoked(f"the key '{key.name}' was revoked before")
        self._stored.revoke_api_key(tenant, key_id, self._tools.clock())
        return self._key(tenant, key_id)

    def add_pepper(self) -> None:
        """A fresh pepper, under which new tokens are hashed from now on."""
        self._tools.log.lock()
        identifier = self._tools.new_id()
        row, sealer = pepper_row(identifier), self._tools.sealer
        data_key = sealer.new_data_key(row)
        secret = sealer.seal(data_key, row, "secret", self._tools.entropy(tokens.PEPPER_BYTES))
        pepper = SealedPepper(id=identifier, data_key=data_key, secret=secret)
        self._stored.add_pepper(pepper, self._tools.clock())

    def _made(
        self, tenant: str, name: str, scopes: AbstractSet[Scope], expires_at: datetime | None, now: datetime
    ) -> NewApiKey:
        token = tokens.new_token(self._tools.entropy)
        key = ApiKey(
            id=self._tools.new_id(),
            name=require_name(name, "key"),
            scopes=frozenset(_scopes(scopes)),
            created_at=now,
            expires_at=_future(expires_at, now),
            revoked_at=None,
        )
        if any(other.name == name for other in self._stored.api_keys(tenant)):
            raise DuplicateName(f"there is a key '{name}' already; choose another name")
        self._stored.add_api_key(tenant, key, self._hashes(token)[0])
        return NewApiKey(
            id=key.id, name=name, scopes=key.scopes, created_at=now, expires_at=key.expires_at, token=token
        )

    def _key(self, tenant: str, key_id: str) -> ApiKey:
        key = self._stored.api_key(tenant, key_id) if key_id.isprintable() else None
        if key is None:
            raise UnknownApiKey(f"there is no key with the id '{key_id}'")
        return key

    def _hashes(self, token: str) -> list[str]:
        """What is stored for the token under each live pepper, the newest first."""
        hashes = []
        for pepper in self._stored.live_peppers():
            secret = self._tools.sealer.open(pepper.data_key, pepper_row(pepper.id), "secret", pepper.secret)
            hashes.append(tokens.token_hash(pepper.id, secret, token))
        return hashes


def _next_name(name: str, taken: AbstractSet[str]) -> str:
    """The name with the next free number: `ci`, `ci.2`, `ci.3`."""
    base, _, number = name.rpartition(".")
    if not base or not number.isdecimal():
        base, number = name, "1"
    return next(found for each in count(int(number) + 1) if (found := f"{base}.{each}") not in taken)


def _scopes(scopes: AbstractSet[Scope]) -> list[Scope]:
    try:
        named = [Scope(scope) for scope in scopes]
    except ValueError as error:
        raise MalformedValue(f"{error}; the scopes are {', '.join(Scope)}") from error
    if not named:
        raise MalformedValue(f"a key without a scope can do nothing; give some of {', '.join(Scope)}")
    return named


def _future(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise MalformedValue("a key expires at a time with a zone, after now")
    return expires_at
