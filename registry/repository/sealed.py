"""Wrapped data keys across all tables and tenants: for moving them to another key-encryption key only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, func, literal, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from registry.models import AnswersRow, DeviceRow, DoneRequestRow, JobRow, PepperRow, ReleaseRow
from registry.sealing import RowIdentity, wrapped_under

_HEADER_BYTES = 260  # magic, length, and the longest key id
_ROWS = 2000


@dataclass(frozen=True, slots=True)
class _Table:
    """Where a table keeps its data keys; `tenant` is None where rows belong to no tenant."""

    row: type[DeviceRow] | type[ReleaseRow] | type[AnswersRow] | type[JobRow] | type[DoneRequestRow] | type[PepperRow]
    tenant: InstrumentedAttribute[str] | None


TABLES = {
    "device": _Table(DeviceRow, DeviceRow.tenant_id),
    "release": _Table(ReleaseRow, ReleaseRow.tenant_id),
    "answers": _Table(AnswersRow, AnswersRow.tenant_id),
    "verification_job": _Table(JobRow, JobRow.tenant_id),
    "done_request": _Table(DoneRequestRow, DoneRequestRow.tenant_id),
    "pepper": _Table(PepperRow, None),
}


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A row's data key as stored."""

    row: RowIdentity
    data_key: bytes


class SealedRows:
    """Queries about wrapped data keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def by_key(self) -> Counter[str]:
        """How many rows are wrapped under each key-encryption key, by its id."""
        found: Counter[str] = Counter()
        for table in TABLES.values():
            data_key = table.row.data_key
            heads = select(func.substr(data_key, 1, _HEADER_BYTES)).where(data_key.is_not(None))
            found.update(map(wrapped_under, self._session.scalars(heads.execution_options(yield_per=_ROWS))))
        return found

    def count_not_under(self, header: bytes) -> int:
        """How many data keys do not start with this header."""
        counts = (select(func.count()).select_from(table.row).where(_other(table, header)) for table in TABLES.values())
        return sum(self._session.scalar(count) or 0 for count in counts)

    def not_under(self, header: bytes, name: str, after: RowIdentity | None, limit: int) -> Sequence[WrappedKey]:
        """Data keys of one table that do not start with this header, in the order of the primary key."""
        table = TABLES[name]
        tenant: ColumnElement[str] = literal("") if table.tenant is None else table.tenant.expression
        columns = select(tenant, table.row.id, table.row.data_key).where(_other(table, header))
        if after is not None:
            columns = columns.where(tuple_(tenant, table.row.id) > tuple_(literal(after.tenant), literal(after.id)))
        rows = self._session.execute(columns.order_by(tenant, table.row.id).limit(limit))
        return [WrappedKey(RowIdentity(name, owner, id_), key) for owner, id_, key in rows if key is not None]

    def replace(self, key: WrappedKey, data_key: bytes) -> bool:
        """Store another wrapping of a row's data key, unless that key has changed or was destroyed; whether it was."""
        table = TABLES[key.row.table]
        mine = update(table.row).where(table.row.id == key.row.id, table.row.data_key == key.data_key)
        if table.tenant is not None:
            mine = mine.where(table.tenant == key.row.tenant)
        done = self._session.execute(mine.values(data_key=data_key))
        return bool(cast("CursorResult[Any]", done).rowcount)


def _other(table: _Table, header: bytes) -> ColumnElement[bool]:
    return func.substr(table.row.data_key, 1, len(header)) != header
