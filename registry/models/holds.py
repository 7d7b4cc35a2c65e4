"""Legal holds."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import ID, INDEX, NAME, Base, within_tenant


class HoldRow(Base):
    """A legal hold on one device, copy or case; in force until it is lifted."""

    __tablename__ = "legal_hold"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    device_pk: Mapped[str | None] = mapped_column(ID)
    copy_pk: Mapped[str | None] = mapped_column(ID)
    case_pk: Mapped[str | None] = mapped_column(ID)
    reason: Mapped[str] = mapped_column(NAME)
    salt: Mapped[bytes]
    placed_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    lifted_at: Mapped[datetime | None]
    lifting_index: Mapped[int | None] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__ = (
        within_tenant("device_pk", "device"),
        within_tenant("copy_pk", "copy"),
        within_tenant("case_pk", "investigation"),
        CheckConstraint(
            "(device_pk IS NOT NULL AND copy_pk IS NULL AND case_pk IS NULL)"
            " OR (device_pk IS NULL AND copy_pk IS NOT NULL AND case_pk IS NULL)"
            " OR (device_pk IS NULL AND copy_pk IS NULL AND case_pk IS NOT NULL)",
            name="holds_one",
        ),
        CheckConstraint("(lifted_at IS NULL) = (lifting_index IS NULL)", name="lifted_whole"),
        Index(None, "tenant_id", "lifted_at"),
    )
