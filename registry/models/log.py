"""The transparency log: entries, the tree over them, checkpoints, and what others say of those."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import DIGEST, INDEX, NAME, Base


class LogEntryRow(Base):
    """An entry of the log. Append-only and without gaps."""

    __tablename__ = "log_entry"
    idx: Mapped[int] = mapped_column(INDEX, primary_key=True, autoincrement=False)
    data: Mapped[bytes]


class LogNodeRow(Base):
    """Root of the complete subtree over leaves [idx * 2^level, (idx + 1) * 2^level). Append-only."""

    __tablename__ = "log_node"
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(INDEX, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form


class CheckpointRow(Base):
    """A signed checkpoint. Append-only, at most one for a size."""

    __tablename__ = "checkpoint"
    size: Mapped[int] = mapped_column(INDEX, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]


class CosignatureRow(Base):
    """A cosignature of a checkpoint, by the log's second key or by a witness. Append-only, one a cosigner and size."""

    __tablename__ = "cosignature"
    size: Mapped[int] = mapped_column(INDEX, ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    signature: Mapped[bytes]
    obtained_at: Mapped[datetime]
    __table_args__: Any = (Index(None, "name", "key_id", "size"), {"sqlite_with_rowid": False})


class TimeStampRow(Base):
    """An RFC 3161 time stamp of a checkpoint, as the authority sent it. Append-only."""

    __tablename__ = "time_stamp"
    size: Mapped[int] = mapped_column(INDEX, ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False)
    token_digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    token: Mapped[bytes]
    stamped_at: Mapped[datetime]
    obtained_at: Mapped[datetime]
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form
