"""Cases, their verdicts, the suspect's answers, and what became of those."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry.models.base import DIGEST, ID, INDEX, NAME, Base, within_tenant
from registry.models.releases import ReleaseRow


class CaseRow(Base):
    """A question about a suspect."""

    __tablename__ = "investigation"  # CASE is a keyword of SQL
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    release_pk: Mapped[str] = mapped_column(ID)
    suspect: Mapped[str] = mapped_column(NAME)
    salt: Mapped[bytes]
    opened_at: Mapped[datetime]
    release: Mapped[ReleaseRow] = relationship(lazy="raise", viewonly=True)
    verification: Mapped["VerificationRow | None"] = relationship(lazy="raise", viewonly=True)
    __table_args__ = (within_tenant("release_pk", "release"),)


class VerificationRow(Base):
    """A case's verdict. Append-only; its primary key is the case's, so a case has at most one."""

    __tablename__ = "verification"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    case_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    verdict: Mapped[bytes]
    verdict_digest: Mapped[str] = mapped_column(DIGEST)
    observation_digest: Mapped[str] = mapped_column(DIGEST)
    recorded_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__: Any = (
        within_tenant("case_pk", "investigation"),
        {"sqlite_with_rowid": False},  # a hidden rowid would be a second key for INSERT OR REPLACE
    )


class AnswersRow(Base):
    """What a decided case's suspect answered, as a sealed file; destroying the data key forgets it."""

    __tablename__ = "answers"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)  # the case's
    file: Mapped[str] = mapped_column(DIGEST)
    data_key: Mapped[bytes | None]
    __table_args__ = (within_tenant("id", "investigation"),)


class DisposalRow(Base):
    """A decided case whose suspect's answers were destroyed on purpose. Append-only; the verdict stays."""

    __tablename__ = "disposal"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    case_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    disposed_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__: Any = (within_tenant("case_pk", "investigation"), {"sqlite_with_rowid": False})
