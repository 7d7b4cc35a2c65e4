"""Jobs, their steps and their events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from registry.jobs import ENDED, OPEN, Happened, Job, JobEvent, JobState
from registry.models import JobEventRow, JobRow, ShardRow
from registry.records import Page
from registry.repository.page import page

_ROWS = 5000  # inserted at a time
_SAME = ("id", "suspect", "kind", "batch", "priority", "budget", "probes", "asked", "answered", "failures",
         "not_before", "failure", "created_at", "ended_at")  # fmt: skip
_BEYOND = ("next", "probes_digest", "data_key", "spec", "credential", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJob:
    """A job with what its row holds beyond the record.

    Attributes:
        next: the first step that is not done.
        file: digest of the sealed file that the suspect is.
    """

    job: Job
    next: int
    probes_digest: str
    data_key: bytes | None = field(repr=False)
    spec: bytes = field(repr=False)
    credential: bytes | None = field(repr=False)
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStep:
    """A step as stored; the sealed answers are read by themselves."""

    seq: int
    start: int
    stop: int
    attempts: int
    lease_owner: str | None
    lease_expires_at: datetime | None
    done: bool


def _job(row: JobRow) -> Job:
    return Job(case_id=row.case_pk, state=JobState(row.state), **{name: getattr(row, name) for name in _SAME})


def _stored(row: JobRow) -> StoredJob:
    return StoredJob(job=_job(row), **{name: getattr(row, name) for name in _BEYOND})


class JobRepository:
    """Queries about one tenant's jobs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, stored: StoredJob, steps: Sequence[tuple[int, int]]) -> None:
        """Store a job with its steps."""
        job = stored.job
        values = {name: getattr(job, name) for name in _SAME} | {name: getattr(stored, name) for name in _BEYOND}
        self._session.add(JobRow(tenant_id=tenant, case_pk=job.case_id, state=job.state, **values))
        self._session.flush()
        for first in range(0, len(steps), _ROWS):
            some = enumerate(steps[first : first + _ROWS], first)
            rows = [
                {"tenant_id": tenant, "job_pk": job.id, "seq": seq, "start": start, "stop": stop, "attempts": 0}
                for seq, (start, stop) in some
            ]
            self._session.execute(insert(ShardRow), rows)

    def stored(self, tenant: str, job_id: str) -> StoredJob | None:
        """The job of that id, with all that is stored of it."""
        row = self._session.scalar(_mine(tenant).where(JobRow.id == job_id))
        return None if row is None else _stored(row)

    def page(self, tenant: str, after: str | None, limit: int) -> Page[Job]:
        """Jobs by id."""
        statement = _mine(tenant).order_by(JobRow.id)
        if after is not None:
            statement = statement.where(JobRow.id > after)
        rows = self._session.scalars(statement.limit(limit + 1)).all()
        return page(rows, limit, _job, lambda row: row.id)

    def open_about(self, tenant: str, case_id: str) -> str | None:
        """Id of a job about the case that is waiting or running."""
        found = select(JobRow.id).where(JobRow.tenant_id == tenant, JobRow.case_pk == case_id)
        return self._session.scalar(found.where(JobRow.state.in_(OPEN)).limit(1))

    def latest_about(self, tenant: str, case_id: str) -> StoredJob | None:
        """The job about the case that was opened last."""
        mine = _mine(tenant).where(JobRow.case_pk == case_id)
        row = self._session.scalar(mine.order_by(JobRow.created_at.desc(), JobRow.id).limit(1))
        return None if row is None else _stored(row)

    def looked_about(self, tenant: str, case_id: str) -> list[tuple[Job, int]]:
        """Every job about the case that took looks, and how many, in the order in which they were opened."""
        of_job = and_(ShardRow.tenant_id == JobRow.tenant_id, ShardRow.job_pk == JobRow.id)
        taken = and_(of_job, ShardRow.start == ShardRow.stop, ShardRow.done_at.is_not(None))
        looks = select(func.count()).select_from(ShardRow).where(taken).correlate(JobRow).scalar_subquery()
        mine = select(JobRow, looks).where(JobRow.tenant_id == tenant, JobRow.case_pk == case_id, looks > 0)
        fresh = mine.order_by(JobRow.created_at, JobRow.id).execution_options(populate_existing=True)
        return [(_job(row), count) for row, count in self._session.execute(fresh)]

    def files_of_ended(self, tenant: str) -> list[tuple[str, str]]:
        """Id and sealed file's digest of every job that ended for good, or whose key was destroyed with answers."""
        ended = select(JobRow.id, JobRow.file).where(JobRow.tenant_id == tenant, JobRow.file.is_not(None))
        over = or_(JobRow.state.in_(ENDED), JobRow.data_key.is_(None))
        rows = self._session.execute(ended.where(over).order_by(JobRow.id))
        return [(job_id, file) for job_id, file in rows if file is not None]

    def change(self, tenant: str, job_id: str, **values: Any) -> None:
        """Set columns of a job."""
        mine = update(JobRow).where(JobRow.tenant_id == tenant, JobRow.id == job_id)
        self._session.execute(mine.values(**values).execution_options(synchronize_session=False))

    def step(self, tenant: str, job_id: str, seq: int) -> StoredStep | None:
        """A step of a job."""
        row = self._session.scalar(
            _steps(tenant, job_id).where(ShardRow.seq == seq).execution_options(populate_existing=True)
        )
        if row is None:
            return None
        same = ("seq", "start", "stop", "attempts", "lease_owner", "lease_expires_at")
        return StoredStep(done=row.done_at is not None, **{name: getattr(row, name) for name in same})

    def change_step(self, tenant: str, job_id: str, seq: int, **values: Any) -> None:
        """Set columns of a step."""
        mine = update(ShardRow).where(ShardRow.tenant_id == tenant, ShardRow.job_pk == job_id, ShardRow.seq == seq)
        self._session.execute(mine.values(**values).execution_options(synchronize_session=False))

    def reset_attempts(self, tenant: str, job_id: str) -> None:
        """Count the attempts of all steps anew."""
        mine = update(ShardRow).where(ShardRow.tenant_id == tenant, ShardRow.job_pk == job_id)
        self._session.execute(mine.values(attempts=0).execution_options(synchronize_session=False))

    def sealed_answers(self, tenant: str, job_id: str) -> list[tuple[int, bytes]]:
        """Number and sealed answers of every step that was answered, in order."""
        mine = select(ShardRow.seq, ShardRow.answers).where(ShardRow.tenant_id == tenant, ShardRow.job_pk == job_id)
        rows = self._session.execute(mine.where(ShardRow.answers.is_not(None)).order_by(ShardRow.seq))
        return [(seq, answers) for seq, answers in rows if answers is not None]

    def tell(self, tenant: str, job_id: str, name: Happened, data: str, at: datetime) -> None:
        """Append an event."""
        last = select(func.max(JobEventRow.seq)).where(JobEventRow.tenant_id == tenant, JobEventRow.job_pk == job_id)
        seq = (self._session.scalar(last) or 0) + 1
        self._session.add(JobEventRow(tenant_id=tenant, job_pk=job_id, seq=seq, name=name, data=data, at=at))
        self._session.flush()

    def events(self, tenant: str, job_id: str, after: int, limit: int) -> tuple[JobEvent, ...]:
        """Events after the one of that number."""
        mine = select(JobEventRow).where(JobEventRow.tenant_id == tenant, JobEventRow.job_pk == job_id)
        rows = self._session.scalars(mine.where(JobEventRow.seq > after).order_by(JobEventRow.seq).limit(limit))
        return tuple(JobEvent(seq=row.seq, name=Happened(row.name), at=row.at, data=row.data) for row in rows)


def _mine(tenant: str) -> Select[JobRow]:
    return select(JobRow).where(JobRow.tenant_id == tenant).execution_options(populate_existing=True)


def _steps(tenant: str, job_id: str) -> Select[ShardRow]:
    return select(ShardRow).where(ShardRow.tenant_id == tenant, ShardRow.job_pk == job_id)
