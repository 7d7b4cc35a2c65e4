"""Which job is due, and whose jobs left files, of any tenant: asked by workers, who serve them all."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from registry.jobs import ENDED, OPEN
from registry.models import JobRow, ShardRow


@dataclass(frozen=True, slots=True)
class Due:
    """A job whose next step may be begun.

    Attributes:
        tenant: whose it is.
        job_id: which.
        priority: of two jobs the one with the higher number goes first.
    """

    tenant: str
    job_id: str
    priority: int = 0


class DueJobs:
    """The queries about all tenants' jobs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def first(self, now: datetime, only: Due | None = None) -> Due | None:
        """The job that goes first among those that may go on: by priority, then by how long it has waited.

        Args:
            now: the time.
            only: look at no other job than this one.
        """
        return next(iter(self.all(now, only, most=1)), None)

    def all(self, now: datetime, only: Due | None = None, *, most: int) -> list[Due]:
        """The jobs that may go on, in that order, so many at most."""
        shard = and_(ShardRow.tenant_id == JobRow.tenant_id, ShardRow.job_pk == JobRow.id, ShardRow.seq == JobRow.next)
        free = or_(ShardRow.lease_expires_at.is_(None), ShardRow.lease_expires_at <= now)
        due = select(JobRow.tenant_id, JobRow.id, JobRow.priority).join(ShardRow, shard)
        due = due.where(JobRow.state.in_(OPEN), JobRow.not_before <= now, free)
        if only is not None:
            due = due.where(JobRow.tenant_id == only.tenant, JobRow.id == only.job_id)
        ordered = due.order_by(JobRow.priority.desc(), JobRow.not_before, JobRow.id).limit(most)
        return [Due(*row) for row in self._session.execute(ordered)]

    def tenants_with_files(self) -> list[str]:
        """Ids of the tenants with jobs that ended for good, or whose key was destroyed, and whose files are there."""
        over = or_(JobRow.state.in_(ENDED), JobRow.data_key.is_(None))
        left = select(JobRow.tenant_id).where(JobRow.file.is_not(None), over)
        return list(self._session.scalars(left.distinct().order_by(JobRow.tenant_id)))
