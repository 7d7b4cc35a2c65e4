"""Requests that were done."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from registry.models import DoneRequestRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAnswer:
    """An answer as stored; without a data key it was destroyed."""

    expires_at: datetime
    data_key: bytes | None
    answer: bytes


class RequestRepository:
    """Queries about one tenant's requests."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, tenant: str, request_id: str) -> SealedAnswer | None:
        """What was answered to the request of that id."""
        columns = select(DoneRequestRow.expires_at, DoneRequestRow.data_key, DoneRequestRow.answer)
        mine = columns.where(DoneRequestRow.tenant_id == tenant, DoneRequestRow.id == request_id)
        row = self._session.execute(mine).one_or_none()
        if row is None:
            return None
        return SealedAnswer(expires_at=row.expires_at, data_key=row.data_key, answer=row.answer)

    def add(self, tenant: str, request_id: str, sealed: SealedAnswer) -> None:
        """Store what was answered."""
        values = {name: getattr(sealed, name) for name in ("expires_at", "data_key", "answer")}
        self._session.execute(insert(DoneRequestRow).values(tenant_id=tenant, id=request_id, **values))

    def drop_expired(self, tenant: str, now: datetime) -> None:
        """Delete what nobody is kept waiting for."""
        mine = delete(DoneRequestRow).where(DoneRequestRow.tenant_id == tenant, DoneRequestRow.expires_at <= now)
        self._session.execute(mine.execution_options(synchronize_session=False))

    def forget(self, tenant: str) -> None:
        """Destroy all answers; that the requests were done stays."""
        mine = update(DoneRequestRow).where(DoneRequestRow.tenant_id == tenant)
        self._session.execute(mine.values(data_key=None, answer=b"").execution_options(synchronize_session=False))
