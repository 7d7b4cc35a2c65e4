"""Devices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, update
from sqlalchemy.orm import Session, aliased, load_only

from registry.database import Scope
from registry.models import DeviceRow, ErasureRow, ReenrolmentRow
from registry.records import Device, Page
from registry.repository import enrolling
from registry.repository.page import page


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSecrets:
    """What a device's row holds beyond its record."""

    salt: bytes
    helper_data: bytes
    key_commitment: str
    data_key: bytes
    codeword_key: bytes
    possession_key: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reenrolment:
    """A later enrolment as stored; `device` is the device's id."""

    device: str
    generation: int
    helper_data: bytes
    helper_digest: str
    identity: str
    possession_key: bytes | None
    possession_digest: str | None
    at: datetime
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledKey:
    """Digest of the public key that a device proves possession by, and the log entry of its enrolment."""

    digest: str
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedKey:
    """A device's codeword key as stored."""

    device: str
    data_key: bytes | None
    codeword_key: bytes


_OF_RECORD = load_only(
    DeviceRow.name,
    DeviceRow.helper_digest,
    DeviceRow.identity,
    DeviceRow.enrolled_at,
    DeviceRow.revoked_at,
    DeviceRow.entry_index,
    DeviceRow.revocation_index,
    DeviceRow.possession_digest,
    raiseload=True,
)
_OF_LATEST = load_only(
    ReenrolmentRow.helper_digest,
    ReenrolmentRow.identity,
    ReenrolmentRow.possession_digest,
    ReenrolmentRow.entry_index,
    raiseload=True,
)


def _latest() -> ColumnElement[bool]:
    """That a re-enrolment is the device's latest: it counts instead of what the device's row holds."""
    any_ = aliased(ReenrolmentRow)
    own = and_(any_.tenant_id == DeviceRow.tenant_id, any_.device_pk == DeviceRow.id)
    newest = select(func.max(any_.generation)).where(own).correlate(DeviceRow).scalar_subquery()
    same = and_(ReenrolmentRow.tenant_id == DeviceRow.tenant_id, ReenrolmentRow.device_pk == DeviceRow.id)
    return and_(same, ReenrolmentRow.generation == newest)


def _mine(tenant: str) -> Select[DeviceRow, ReenrolmentRow | None]:
    """The tenant's devices, each with its latest re-enrolment; neither helper data nor keys."""
    joined = select(DeviceRow, ReenrolmentRow).outerjoin(ReenrolmentRow, _latest()).where(DeviceRow.tenant_id == tenant)
    return joined.options(_OF_RECORD, _OF_LATEST).execution_options(populate_existing=True)


def forgotten_name(device: str) -> str:
    """The name of a forgotten device. Nobody can enrol under it: no name ends with a slash."""
    return f"forgotten {device}/"


def _device(found: Row[DeviceRow, ReenrolmentRow | None]) -> Device:
    row, again = found
    latest = again or row
    return Device(
        id=row.id,
        name=row.name,
        helper_digest=latest.helper_digest,
        identity=latest.identity,
        possession_digest=latest.possession_digest,
        generation=0 if again is None else again.generation,
        reenrolment_index=None if again is None else again.entry_index,
        enrolled_at=row.enrolled_at,
        revoked_at=row.revoked_at,
        entry_index=row.entry_index,
        revocation_index=row.revocation_index,
        forgotten=row.name == forgotten_name(row.id),
    )


def _columns(tenant: str, device: Device, secrets: DeviceSecrets) -> tuple[Any, ...]:
    """The device's row, in the order of `enrolling.COLUMNS`."""
    return (
        tenant,
        device.id,
        device.name,
        secrets.salt,
        secrets.helper_data,
        device.helper_digest,
        device.identity,
        secrets.key_commitment,
        secrets.data_key,
        secrets.codeword_key,
        secrets.possession_key,
        device.possession_digest,
        device.enrolled_at,
        device.entry_index,
    )


class DeviceRepository:
    """Queries about devices; listing them reads neither helper data nor sealed keys."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def _session(self) -> Session:
        return self._scope.session

    def add(self, tenant: str, devices: Sequence[tuple[Device, DeviceSecrets]]) -> None:
        """Store devices."""
        enrolling.add(self._scope.connection, [_columns(tenant, device, secrets) for device, secrets in devices])

    def taken(self, tenant: str, names: Sequence[str]) -> frozenset[str] | None:
        """Those of the names under which devices are enrolled; None if there is no such tenant."""
        return enrolling.taken(self._scope.connection, tenant, names)

    def named(self, tenant: str, name: str) -> Device | None:
        """The device of that name."""
        found = self._session.execute(_mine(tenant).where(DeviceRow.name == name)).one_or_none()
        return None if found is None else _device(found)

    def helper_data(self, tenant: str, name: str) -> bytes | None:
        """Helper data of the device of that name, the latest."""
        latest = func.coalesce(ReenrolmentRow.helper_data, DeviceRow.helper_data)
        mine = select(latest).outerjoin_from(DeviceRow, ReenrolmentRow, _latest())
        return self._session.scalar(mine.where(DeviceRow.tenant_id == tenant, DeviceRow.name == name))

    def possession_key(self, tenant: str, device: str) -> EnrolledKey | None:
        """What the device of that id proves possession by, None if its latest enrolment gave no public key."""
        found = self._session.execute(_mine(tenant).where(DeviceRow.id == device)).one()
        latest = found[1] or found[0]
        if latest.possession_digest is None:
            return None
        return EnrolledKey(digest=latest.possession_digest, entry_index=latest.entry_index)

    def reenroll(self, tenant: str, made: Reenrolment) -> None:
        """Store a later enrolment."""
        row = ReenrolmentRow(
            tenant_id=tenant,
            device_pk=made.device,
            generation=made.generation,
            helper_data=made.helper_data,
            helper_digest=made.helper_digest,
            identity=made.identity,
            possession_key=made.possession_key,
            possession_digest=made.possession_digest,
            reenrolled_at=made.at,
            entry_index=made.entry_index,
        )
        self._session.add(row)
        self._session.flush()

    def salt(self, tenant: str, device: str) -> bytes:
        """The salt of the name of the device of that id, which exists."""
        mine = select(DeviceRow.salt).where(DeviceRow.tenant_id == tenant, DeviceRow.id == device)
        return self._session.execute(mine).scalar_one()

    def sealed_key(self, tenant: str, device: str) -> SealedKey:
        """The sealed codeword key of the device of that id, which exists."""
        columns = select(DeviceRow.id, DeviceRow.data_key, DeviceRow.codeword_key)
        row = self._session.execute(columns.where(DeviceRow.tenant_id == tenant, DeviceRow.id == device)).one()
        return SealedKey(device=row.id, data_key=row.data_key, codeword_key=row.codeword_key)

    def page(self, tenant: str, after: str | None, limit: int) -> Page[Device]:
        """Devices by name."""
        statement = _mine(tenant).order_by(DeviceRow.name)
        if after is not None:
            statement = statement.where(DeviceRow.name > after)
        found = self._session.execute(statement.limit(limit + 1)).all()
        return page(found, limit, _device, lambda each: each[0].name)

    def count(self, tenant: str) -> int:
        """How many devices were ever enrolled."""
        return self._session.scalar(select(func.count()).where(DeviceRow.tenant_id == tenant)) or 0

    def revoked_before(self, tenant: str, before: datetime) -> tuple[Device, ...]:
        """Devices revoked before an instant and not forgotten yet, by name."""
        due = _mine(tenant).where(DeviceRow.data_key.is_not(None), DeviceRow.revoked_at < before)
        return tuple(map(_device, self._session.execute(due.order_by(DeviceRow.name))))

    def revoke(self, tenant: str, device: str, at: datetime, index: int) -> None:
        """Mark a device as revoked by the log entry of that index."""
        mine = update(DeviceRow).where(DeviceRow.tenant_id == tenant, DeviceRow.id == device)
        self._session.execute(mine.values(revoked_at=at, revocation_index=index))

    def forget(self, tenant: str, device: str, at: datetime, index: int) -> None:
        """Destroy the device's keys, name, salt and helper data, and record the log entry that says so."""
        mine = update(DeviceRow).where(DeviceRow.tenant_id == tenant, DeviceRow.id == device)
        emptied = {
            "data_key": None,
            "codeword_key": b"",
            "helper_data": b"",
            "possession_key": None,
            "salt": b"",
            "name": forgotten_name(device),
        }
        self._session.execute(mine.values(emptied))
        later = update(ReenrolmentRow).where(ReenrolmentRow.tenant_id == tenant, ReenrolmentRow.device_pk == device)
        self._session.execute(later.values(helper_data=b"", possession_key=None))
        self._session.add(ErasureRow(tenant_id=tenant, device_pk=device, erased_at=at, entry_index=index))
        self._session.flush()
