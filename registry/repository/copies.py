"""Copies."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.orm import Session, contains_eager

from registry.models import CopyRow, DeviceRow, ErasureRow, ReleaseRow
from registry.records import Copy, Method, Page
from registry.repository.devices import SealedKey
from registry.repository.page import page

_STREAM_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCopy:
    """A copy's row as it is reserved."""

    id: str
    release: str
    device: str
    nonce: bytes
    codeword_commitment: str
    after: int
    reserved_at: datetime
    reservation_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What a copy's codeword is derived from; `mark` is its reservation's index."""

    mark: int
    copy: str
    nonce: bytes
    sealed: SealedKey


def _copy(row: CopyRow) -> Copy:
    return Copy(
        id=row.id,
        release=row.release.name,
        device=row.device.name,
        reserved_at=row.reserved_at,
        reservation_index=row.reservation_index,
        artefact_digest=row.artefact_digest,
        method=None if row.method is None else Method(row.method),
        issued_at=row.issued_at,
        entry_index=row.issue_index,
    )


def _mine(tenant: str) -> Select[CopyRow]:
    """The tenant's copies, each with the names of its release and device."""
    named = contains_eager(CopyRow.release).load_only(ReleaseRow.name, raiseload=True)
    held = contains_eager(CopyRow.device).load_only(DeviceRow.name, raiseload=True)
    joined = select(CopyRow).join(CopyRow.release).join(CopyRow.device)
    return joined.where(CopyRow.tenant_id == tenant).options(named, held).execution_options(populate_existing=True)


class CopyRepository:
    """Queries about copies."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, copy: NewCopy) -> None:
        """Store a reserved copy."""
        row = CopyRow(
            tenant_id=tenant,
            id=copy.id,
            release_pk=copy.release,
            device_pk=copy.device,
            nonce=copy.nonce,
            codeword_commitment=copy.codeword_commitment,
            after=copy.after,
            reserved_at=copy.reserved_at,
            reservation_index=copy.reservation_index,
        )
        self._session.add(row)
        self._session.flush()

    def get(self, tenant: str, copy_id: str) -> Copy | None:
        """The copy of that id."""
        row = self._session.scalar(_mine(tenant).where(CopyRow.id == copy_id))
        return None if row is None else _copy(row)

    def nonce(self, tenant: str, copy_id: str) -> bytes:
        """The nonce of the copy of that id, which exists."""
        mine = select(CopyRow.nonce).where(CopyRow.tenant_id == tenant, CopyRow.id == copy_id)
        return self._session.execute(mine).scalar_one()

    def issue(self, tenant: str, copy: Copy) -> None:
        """Mark a copy as issued, as its record says."""
        mine = update(CopyRow).where(CopyRow.tenant_id == tenant, CopyRow.id == copy.id)
        values = {
            "artefact_digest": copy.artefact_digest,
            "method": copy.method,
            "issued_at": copy.issued_at,
            "issue_index": copy.entry_index,
        }
        self._session.execute(mine.values(values))

    def page(self, tenant: str, release: str | None, after: int, limit: int) -> Page[Copy]:
        """Copies in the order of their reservation, of all releases or of the one of that id."""
        statement = _mine(tenant)
        if release is not None:
            statement = statement.where(CopyRow.release_pk == release)
        return self._page(statement, after, limit)

    def of_artefact(self, tenant: str, artefact_digest: str, after: int, limit: int) -> Page[Copy]:
        """Copies that were issued as a file of that digest, in the order of their reservation."""
        return self._page(_mine(tenant).where(CopyRow.artefact_digest == artefact_digest), after, limit)

    def _page(self, statement: Select[CopyRow], after: int, limit: int) -> Page[Copy]:
        later = statement.where(CopyRow.reservation_index > after).order_by(CopyRow.reservation_index)
        rows = self._session.scalars(later.limit(limit + 1)).all()
        return page(rows, limit, _copy, lambda row: str(row.reservation_index))

    def count(self, tenant: str, release: str) -> int:
        """How many copies of the release of that id were ever reserved."""
        mine = select(func.count()).where(CopyRow.tenant_id == tenant, CopyRow.release_pk == release)
        return self._session.scalar(mine) or 0

    def hypotheses(self, tenant: str, release: str, *, after: int = -1) -> Iterator[Hypothesis]:
        """What the codewords of a release's copies are derived from, streamed in the order of reservation."""
        columns = select(
            CopyRow.reservation_index,
            CopyRow.id,
            CopyRow.nonce,
            DeviceRow.id,
            DeviceRow.data_key,
            DeviceRow.codeword_key,
        )
        statement = (
            columns.join(CopyRow.device)
            .where(CopyRow.tenant_id == tenant, CopyRow.release_pk == release, CopyRow.reservation_index > after)
            .order_by(CopyRow.reservation_index)
            .execution_options(yield_per=_STREAM_ROWS)
        )
        with closing(self._session.execute(statement)) as rows:  # a server keeps a place for an unread stream
            for mark, copy, nonce, device, data_key, codeword_key in rows:
                sealed = SealedKey(device=device, data_key=data_key, codeword_key=codeword_key)
                yield Hypothesis(mark=mark, copy=copy, nonce=nonce, sealed=sealed)

    def newest(self, tenant: str, release: str) -> int:
        """Reservation index of a release's newest copy, -1 if it has none."""
        mine = CopyRow.tenant_id == tenant, CopyRow.release_pk == release
        return self._session.scalar(select(func.coalesce(func.max(CopyRow.reservation_index), -1)).where(*mine)) or 0

    def erasures(self, tenant: str) -> int:
        """How many devices were forgotten."""
        return self._session.scalar(select(func.count()).where(ErasureRow.tenant_id == tenant)) or 0

    def of_forgotten(self, tenant: str, release: str) -> Sequence[int]:
        """Reservation indices of a release's copies whose devices were forgotten."""
        forgotten = and_(ErasureRow.tenant_id == CopyRow.tenant_id, ErasureRow.device_pk == CopyRow.device_pk)
        statement = select(CopyRow.reservation_index).join(ErasureRow, forgotten)
        return self._session.scalars(statement.where(CopyRow.tenant_id == tenant, CopyRow.release_pk == release)).all()

    def reserved_at(self, tenant: str, marks: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Device id and copy id of the copies with these reservation indices."""
        found: dict[int, tuple[str, str]] = {}
        for start in range(0, len(marks), _STREAM_ROWS):
            few = CopyRow.reservation_index.in_(marks[start : start + _STREAM_ROWS])
            columns = select(CopyRow.reservation_index, CopyRow.device_pk, CopyRow.id)
            rows = self._session.execute(columns.where(CopyRow.tenant_id == tenant, few))
            found.update((row.reservation_index, (row.device_pk, row.id)) for row in rows)
        return found
