"""Devices."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, load_only

from registry.models import DeviceRow, ErasureRow
from registry.records import Device, Page
from registry.repository.page import page


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSecrets:
    """What a device's row holds beyond its record."""

    salt: bytes
    helper_data: bytes
    key_commitment: str
    data_key: bytes
    codeword_key: bytes


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
    raiseload=True,
)


def forgotten_name(device: str) -> str:
    """The name of a forgotten device. Nobody can enrol under it: no name ends with a slash."""
    return f"forgotten {device}/"


def _device(row: DeviceRow) -> Device:
    return Device(
        id=row.id,
        name=row.name,
        helper_digest=row.helper_digest,
        identity=row.identity,
        enrolled_at=row.enrolled_at,
        revoked_at=row.revoked_at,
        entry_index=row.entry_index,
        revocation_index=row.revocation_index,
        forgotten=row.name == forgotten_name(row.id),
    )


class DeviceRepository:
    """Queries about devices; listing them reads neither helper data nor sealed keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, device: Device, secrets: DeviceSecrets) -> None:
        """Store a device."""
        row = DeviceRow(
            tenant_id=tenant,
            id=device.id,
            name=device.name,
            salt=secrets.salt,
            helper_data=secrets.helper_data,
            helper_digest=device.helper_digest,
            identity=device.identity,
            key_commitment=secrets.key_commitment,
            data_key=secrets.data_key,
            codeword_key=secrets.codeword_key,
            enrolled_at=device.enrolled_at,
            entry_index=device.entry_index,
        )
        self._session.add(row)
        self._session.flush()

    def named(self, tenant: str, name: str) -> Device | None:
        """The device of that name."""
        mine = select(DeviceRow).where(DeviceRow.tenant_id == tenant, DeviceRow.name == name)
        row = self._session.scalar(mine.options(_OF_RECORD).execution_options(populate_existing=True))
        return None if row is None else _device(row)

    def helper_data(self, tenant: str, name: str) -> bytes | None:
        """Helper data of the device of that name."""
        mine = select(DeviceRow.helper_data).where(DeviceRow.tenant_id == tenant, DeviceRow.name == name)
        return self._session.scalar(mine)

    def sealed_key(self, tenant: str, device: str) -> SealedKey:
        """The sealed codeword key of the device of that id, which exists."""
        columns = select(DeviceRow.id, DeviceRow.data_key, DeviceRow.codeword_key)
        row = self._session.execute(columns.where(DeviceRow.tenant_id == tenant, DeviceRow.id == device)).one()
        return SealedKey(device=row.id, data_key=row.data_key, codeword_key=row.codeword_key)

    def page(self, tenant: str, after: str | None, limit: int) -> Page[Device]:
        """Devices by name."""
        statement = select(DeviceRow).where(DeviceRow.tenant_id == tenant).order_by(DeviceRow.name)
        if after is not None:
            statement = statement.where(DeviceRow.name > after)
        rows = self._session.scalars(statement.limit(limit + 1).options(_OF_RECORD)).all()
        return page(rows, limit, _device, lambda row: row.name)

    def count(self, tenant: str) -> int:
        """How many devices were ever enrolled."""
        return self._session.scalar(select(func.count()).where(DeviceRow.tenant_id == tenant)) or 0

    def revoked_before(self, tenant: str, before: datetime) -> tuple[Device, ...]:
        """Devices revoked before an instant and not forgotten yet, by name."""
        mine = select(DeviceRow).where(DeviceRow.tenant_id == tenant, DeviceRow.data_key.is_not(None))
        due = mine.where(DeviceRow.revoked_at < before).order_by(DeviceRow.name).options(_OF_RECORD)
        return tuple(_device(row) for row in self._session.scalars(due.execution_options(populate_existing=True)))

    def revoke(self, tenant: str, device: str, at: datetime, index: int) -> None:
        """Mark a device as revoked by the log entry of that index."""
        mine = update(DeviceRow).where(DeviceRow.tenant_id == tenant, DeviceRow.id == device)
        self._session.execute(mine.values(revoked_at=at, revocation_index=index))

    def forget(self, tenant: str, device: str, at: datetime, index: int) -> None:
        """Destroy the device's data key, name, salt and helper data, and record the log entry that says so."""
        mine = update(DeviceRow).where(DeviceRow.tenant_id == tenant, DeviceRow.id == device)
        emptied = {
            "data_key": None,
            "codeword_key": b"",
            "helper_data": b"",
            "salt": b"",
            "name": forgotten_name(device),
        }
        self._session.execute(mine.values(emptied))
        self._session.add(ErasureRow(tenant_id=tenant, device_pk=device, erased_at=at, entry_index=index))
        self._session.flush()
