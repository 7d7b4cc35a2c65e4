"""Tenants, API keys and peppers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from registry.errors import DuplicateName
from registry.models import ApiKeyRow, Base, PepperRow, TenantRow
from registry.records import ApiKey, Page, Scope, Tenant
from registry.repository.page import page


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPepper:
    """A live pepper as stored."""

    id: str
    data_key: bytes
    secret: bytes


_TABLE = Base.metadata.tables["tenant"]
_TENANT = select(_TABLE.c.id).where(_TABLE.c.id == bindparam("of_id"))


def _tenant(row: TenantRow) -> Tenant:
    return Tenant(id=row.id, name=row.name, created_at=row.created_at)


def _api_key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


class AccessRepository:
    """Queries about who may call."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_tenant(self, tenant: Tenant) -> None:
        """Store a tenant. Raises DuplicateName."""
        self._add(TenantRow(id=tenant.id, name=tenant.name, created_at=tenant.created_at), tenant.name)

    def tenant_named(self, name: str) -> Tenant | None:
        """The tenant of that name."""
        row = self._session.scalar(select(TenantRow).where(TenantRow.name == name))
        return None if row is None else _tenant(row)

    def tenant_exists(self, tenant: str) -> bool:
        """Whether there is a tenant of that id."""
        return self._session.execute(_TENANT, {"of_id": tenant}).first() is not None

    def add_api_key(self, tenant: str, key: ApiKey, token_hash: str) -> None:
        """Store a key. Raises DuplicateName."""
        row = ApiKeyRow(
            tenant_id=tenant,
            id=key.id,
            name=key.name,
            scopes=" ".join(sorted(key.scopes)),
            token_hash=token_hash,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=None,
        )
        self._add(row, key.name)

    def api_keys(self, tenant: str) -> tuple[ApiKey, ...]:
        """Every key of the tenant, by name."""
        statement = select(ApiKeyRow).where(ApiKeyRow.tenant_id == tenant).order_by(ApiKeyRow.name)
        return tuple(_api_key(row) for row in self._session.scalars(statement))

    def page_of_keys(self, tenant: str, after: str | None, limit: int) -> Page[ApiKey]:
        """Keys by name."""
        statement = select(ApiKeyRow).where(ApiKeyRow.tenant_id == tenant).order_by(ApiKeyRow.name)
        if after is not None:
            statement = statement.where(ApiKeyRow.name > after)
        rows = self._session.scalars(statement.limit(limit + 1)).all()
        return page(rows, limit, _api_key, lambda row: row.name)

    def api_key(self, tenant: str, key_id: str) -> ApiKey | None:
        """The key of that id."""
        statement = select(ApiKeyRow).where(ApiKeyRow.tenant_id == tenant, ApiKeyRow.id == key_id)
        row = self._session.scalar(statement)
        return None if row is None else _api_key(row)

    def revoke_api_key(self, tenant: str, key_id: str, at: datetime) -> None:
        """Mark a key as revoked."""
        mine = update(ApiKeyRow).where(ApiKeyRow.tenant_id == tenant, ApiKeyRow.id == key_id)
        self._session.execute(mine.values(revoked_at=at))

    def expire_api_key(self, tenant: str, key_id: str, at: datetime) -> None:
        """Set a key's end."""
        mine = update(ApiKeyRow).where(ApiKeyRow.tenant_id == tenant, ApiKeyRow.id == key_id)
        self._session.execute(mine.values(expires_at=at))

    def ended_keys(self, tenant: str, before: datetime) -> tuple[ApiKey, ...]:
        """Keys that were revoked or expired before an instant, by name."""
        ended = or_(ApiKeyRow.revoked_at < before, ApiKeyRow.expires_at < before)
        mine = select(ApiKeyRow).where(ApiKeyRow.tenant_id == tenant, ended)
        return tuple(_api_key(row) for row in self._session.scalars(mine.order_by(ApiKeyRow.name)))

    def drop_keys(self, tenant: str, keys: Sequence[str]) -> None:
        """Delete the keys of these ids."""
        for key in keys:
            self._session.execute(delete(ApiKeyRow).where(ApiKeyRow.tenant_id == tenant, ApiKeyRow.id == key))

    def key_by_hash(self, hashes: Sequence[str]) -> tuple[str, ApiKey] | None:
        """Tenant and key of a token, given its hash under every live pepper. It asks about all tenants."""
        row = self._session.scalar(select(ApiKeyRow).where(ApiKeyRow.token_hash.in_(hashes)))
        return None if row is None else (row.tenant_id, _api_key(row))

    def add_pepper(self, pepper: SealedPepper, at: datetime) -> None:
        """Store a pepper."""
        row = PepperRow(id=pepper.id, data_key=pepper.data_key, secret=pepper.secret, created_at=at, retired_at=None)
        self._session.add(row)
        self._session.flush()

    def live_peppers(self) -> tuple[SealedPepper, ...]:
        """Peppers that are not retired, the newest first."""
        statement = select(PepperRow).where(PepperRow.retired_at.is_(None))
        rows = self._session.scalars(statement.order_by(PepperRow.created_at.desc(), PepperRow.id))
        return tuple(SealedPepper(id=row.id, data_key=row.data_key, secret=row.secret) for row in rows)

    def _add(self, row: Base, name: str) -> None:
        self._session.add(row)
        try:
            self._session.flush()
        except IntegrityError as error:
            raise DuplicateName(f"the name '{name}' is taken; choose another") from error
