"""Proofs of possession: what was asked of a device and what its answer showed."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry.models.base import DIGEST, ID, INDEX, Base, within_tenant
from registry.models.devices import DeviceRow


class ChallengeRow(Base):
    """A possession challenge: the bytes to be signed, and the answer as it came. Forgetting the device empties it."""

    __tablename__ = "challenge"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    device_pk: Mapped[str] = mapped_column(ID)
    message: Mapped[bytes]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    public_key: Mapped[bytes | None]
    signature: Mapped[bytes | None]
    device: Mapped[DeviceRow] = relationship(lazy="raise", viewonly=True)
    possession: Mapped["PossessionRow | None"] = relationship(lazy="raise", viewonly=True)
    __table_args__ = (
        within_tenant("device_pk", "device"),
        CheckConstraint(
            "(public_key IS NULL) = (signature IS NULL) AND (signature IS NULL OR used_at IS NOT NULL)",
            name="answered_whole",
        ),
        Index(None, "tenant_id", "device_pk"),
    )


class PossessionRow(Base):
    """What the answer to a challenge showed. Append-only; its primary key is the challenge's: each is judged once."""

    __tablename__ = "possession"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    challenge_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    challenge_digest: Mapped[str] = mapped_column(DIGEST)
    key_digest: Mapped[str] = mapped_column(DIGEST)
    signature_digest: Mapped[str] = mapped_column(DIGEST)
    outcome: Mapped[str] = mapped_column(String(20))
    enrolment_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"))
    recorded_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__: Any = (within_tenant("challenge_pk", "challenge"), {"sqlite_with_rowid": False})
