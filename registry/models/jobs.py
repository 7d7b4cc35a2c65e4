"""Durable jobs: the asking of a suspect, step by step."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import DIGEST, ID, Base, within_tenant


class JobRow(Base):
    """The asking of a suspect about one case, as a sequence of steps of which `next` is the first one not done.

    What is asked and the credential are sealed under the row's data key, as are the steps' answers and the file that
    the suspect is, if it is one; credential and file are destroyed when the job ends for good.
    """

    __tablename__ = "verification_job"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    case_pk: Mapped[str] = mapped_column(ID)
    state: Mapped[str] = mapped_column(String(20))
    suspect: Mapped[str] = mapped_column(Text)
    probes_digest: Mapped[str] = mapped_column(DIGEST)
    data_key: Mapped[bytes | None]
    spec: Mapped[bytes]
    credential: Mapped[bytes | None]
    file: Mapped[str | None] = mapped_column(DIGEST)
    kind: Mapped[str | None] = mapped_column(String(20))
    batch: Mapped[int] = mapped_column(Integer)
    priority: Mapped[int] = mapped_column(Integer)
    budget: Mapped[int | None] = mapped_column(Integer)
    probes: Mapped[int] = mapped_column(Integer)
    asked: Mapped[int] = mapped_column(Integer)
    answered: Mapped[int] = mapped_column(Integer)
    next: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer)
    not_before: Mapped[datetime]
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        within_tenant("case_pk", "investigation"),
        Index(None, "state", "not_before"),
        Index(None, "tenant_id", "case_pk"),
    )


class ShardRow(Base):
    """One step of a job: probes [start, stop) to be asked, or, where start = stop, a look at all answers so far."""

    __tablename__ = "job_shard"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    job_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    start: Mapped[int] = mapped_column(Integer)
    stop: Mapped[int] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(Integer)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_expires_at: Mapped[datetime | None]
    answers: Mapped[bytes | None]
    done_at: Mapped[datetime | None]
    __table_args__ = (
        within_tenant("job_pk", "verification_job"),
        CheckConstraint("(lease_owner IS NULL) = (lease_expires_at IS NULL)", name="leased_whole"),
        CheckConstraint("done_at IS NULL OR lease_owner IS NULL", name="done_is_free"),
    )


class JobEventRow(Base):
    """Something that happened to a job, in order, for whoever follows it."""

    __tablename__ = "job_event"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    job_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(20))
    data: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    __table_args__ = (within_tenant("job_pk", "verification_job"),)
