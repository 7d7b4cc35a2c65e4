"""Devices: enrolled, enrolled again, and forgotten."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import DIGEST, ID, INDEX, NAME, Base, within_tenant


class DeviceRow(Base):
    """An enrolled device: helper data, never a response; its codeword key sealed; a public key, never a private one.

    Helper data, identity and public key are those of the first enrolment; a later one has a row in `reenrolment`.
    """

    __tablename__ = "device"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    salt: Mapped[bytes]
    helper_data: Mapped[bytes]
    helper_digest: Mapped[str] = mapped_column(DIGEST)
    identity: Mapped[str] = mapped_column(String(128))
    key_commitment: Mapped[str] = mapped_column(String(80))
    data_key: Mapped[bytes | None]
    codeword_key: Mapped[bytes]
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    revocation_index: Mapped[int | None] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    possession_key: Mapped[bytes | None]
    possession_digest: Mapped[str | None] = mapped_column(DIGEST)
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("(revoked_at IS NULL) = (revocation_index IS NULL)", name="revoked_whole"),
    )


class ReenrolmentRow(Base):
    """A later enrolment of a device. Forgetting the device empties it, as it does the device's row."""

    __tablename__ = "reenrolment"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    device_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    helper_data: Mapped[bytes]
    helper_digest: Mapped[str] = mapped_column(DIGEST)
    identity: Mapped[str] = mapped_column(String(128))
    possession_key: Mapped[bytes | None]
    possession_digest: Mapped[str | None] = mapped_column(DIGEST)
    reenrolled_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__ = (within_tenant("device_pk", "device"),)


class ErasureRow(Base):
    """A device that was forgotten on purpose. Append-only; the device's row stays, empty of what it meant."""

    __tablename__ = "erasure"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    device_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    erased_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__: Any = (within_tenant("device_pk", "device"), {"sqlite_with_rowid": False})
