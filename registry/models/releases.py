"""Releases and the copies made from them."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry.models.base import DIGEST, ID, INDEX, NAME, Base, within_tenant
from registry.models.devices import DeviceRow


class ReleaseRow(Base):
    """A committed release; its verifier pack is a sealed file, `pack_file` the digest of the file's bytes."""

    __tablename__ = "release"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    salt: Mapped[bytes]
    release_id: Mapped[str] = mapped_column(DIGEST)
    pack_digest: Mapped[str] = mapped_column(DIGEST)
    pack_file: Mapped[str] = mapped_column(DIGEST)
    data_key: Mapped[bytes | None]
    commitment: Mapped[bytes]
    commitment_digest: Mapped[str] = mapped_column(DIGEST)
    alpha: Mapped[float]
    bits: Mapped[int]
    committed_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__ = (UniqueConstraint("tenant_id", "name"), UniqueConstraint("tenant_id", "release_id"))


class CopyRow(Base):
    """A copy, reserved with its nonce, then issued. Its codeword is derived when needed and stored nowhere."""

    __tablename__ = "copy"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    release_pk: Mapped[str] = mapped_column(ID)
    device_pk: Mapped[str] = mapped_column(ID)
    nonce: Mapped[bytes]
    codeword_commitment: Mapped[str] = mapped_column(String(80))
    after: Mapped[int] = mapped_column(INDEX)
    reserved_at: Mapped[datetime]
    reservation_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    artefact_digest: Mapped[str | None] = mapped_column(DIGEST)
    method: Mapped[str | None] = mapped_column(String(20))
    issued_at: Mapped[datetime | None]
    issue_index: Mapped[int | None] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    release: Mapped[ReleaseRow] = relationship(lazy="raise", viewonly=True)
    device: Mapped[DeviceRow] = relationship(lazy="raise", viewonly=True)
    __table_args__ = (
        within_tenant("release_pk", "release"),
        within_tenant("device_pk", "device"),
        CheckConstraint(
            "(issued_at IS NULL) = (issue_index IS NULL) AND (issued_at IS NULL) = (artefact_digest IS NULL)"
            " AND (issued_at IS NULL) = (method IS NULL)",
            name="issued_whole",
        ),
        Index(None, "tenant_id", "reservation_index"),
        Index(None, "tenant_id", "release_pk", "reservation_index"),
        Index(None, "tenant_id", "device_pk"),
        Index(None, "tenant_id", "artefact_digest", "reservation_index"),
    )
