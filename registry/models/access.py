"""Tenants, their API keys and the secrets that tokens are hashed under."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import ID, NAME, Base


class TenantRow(Base):
    """An organisation."""

    __tablename__ = "tenant"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME, unique=True)
    created_at: Mapped[datetime]


class ApiKeyRow(Base):
    """An API key: its token only as pepper id and HMAC."""

    __tablename__ = "api_key"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    scopes: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class PepperRow(Base):
    """A secret under which tokens are hashed, sealed."""

    __tablename__ = "pepper"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    data_key: Mapped[bytes]
    secret: Mapped[bytes]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
