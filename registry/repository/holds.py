"""Legal holds."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from registry.models import CaseRow, CopyRow, HoldRow
from registry.records import Held, Hold, Page
from registry.repository.page import page

_COLUMN = {Held.DEVICE: HoldRow.device_pk, Held.COPY: HoldRow.copy_pk, Held.CASE: HoldRow.case_pk}


def _hold(row: HoldRow) -> Hold:
    subjects = {Held.DEVICE: row.device_pk, Held.COPY: row.copy_pk, Held.CASE: row.case_pk}
    held, subject = next((kind, found) for kind, found in subjects.items() if found is not None)
    return Hold(
        id=row.id,
        held=held,
        subject=subject,
        reason=row.reason,
        placed_at=row.placed_at,
        entry_index=row.entry_index,
        lifted_at=row.lifted_at,
        lifting_index=row.lifting_index,
    )


class HoldRepository:
    """Queries about legal holds."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, hold: Hold, salt: bytes) -> None:
        """Store a hold."""
        row = HoldRow(
            tenant_id=tenant,
            id=hold.id,
            reason=hold.reason,
            salt=salt,
            placed_at=hold.placed_at,
            entry_index=hold.entry_index,
        )
        setattr(row, _COLUMN[hold.held].key, hold.subject)
        self._session.add(row)
        self._session.flush()

    def get(self, tenant: str, hold_id: str) -> Hold | None:
        """The hold of that id."""
        mine = select(HoldRow).where(HoldRow.tenant_id == tenant, HoldRow.id == hold_id)
        row = self._session.scalar(mine.execution_options(populate_existing=True))
        return None if row is None else _hold(row)

    def page(self, tenant: str, after: str | None, limit: int) -> Page[Hold]:
        """Holds by id, lifted ones included."""
        statement = select(HoldRow).where(HoldRow.tenant_id == tenant).order_by(HoldRow.id)
        if after is not None:
            statement = statement.where(HoldRow.id > after)
        rows = self._session.scalars(statement.limit(limit + 1)).all()
        return page(rows, limit, _hold, lambda row: row.id)

    def lift(self, tenant: str, hold_id: str, at: datetime, index: int) -> None:
        """Mark a hold as lifted by the log entry of that index."""
        mine = update(HoldRow).where(HoldRow.tenant_id == tenant, HoldRow.id == hold_id)
        self._session.execute(mine.values(lifted_at=at, lifting_index=index))

    def on_device(self, tenant: str, device: str) -> str | None:
        """Id of a hold in force on the device, on a copy of it, or on a case about a release that it has a copy of."""
        statement = select(HoldRow.id).where(
            HoldRow.tenant_id == tenant, HoldRow.lifted_at.is_(None), _covers(tenant, device)
        )
        return self._session.scalar(statement.limit(1))


def _covers(tenant: str, device: str) -> ColumnElement[bool]:
    """Whether a hold's subject rests on the device: what is asked of a case is which of all these devices it is."""
    its = and_(CopyRow.tenant_id == tenant, CopyRow.device_pk == device)
    its_copy = exists().where(its, CopyRow.id == HoldRow.copy_pk)
    asked = and_(CaseRow.tenant_id == tenant, CaseRow.id == HoldRow.case_pk, CaseRow.release_pk == CopyRow.release_pk)
    its_case = exists().where(its, asked)
    return or_(HoldRow.device_pk == device, its_copy, its_case)
