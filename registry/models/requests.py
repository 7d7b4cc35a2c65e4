"""Answers kept for requests that may come again."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import ID, Base


class DoneRequestRow(Base):
    """What was answered to a request that its sender gave a key; the answer is sealed, `id` tells neither key."""

    __tablename__ = "done_request"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]
    data_key: Mapped[bytes | None]
    answer: Mapped[bytes]
    __table_args__ = (Index(None, "tenant_id", "expires_at"),)
