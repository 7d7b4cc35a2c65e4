"""Answers of decided cases that are due to be destroyed, and their destruction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from registry.models import AnswersRow, CaseRow, CopyRow, DisposalRow, HoldRow, JobRow, ShardRow, VerificationRow


class DisposalRepository:
    """Queries about what a tenant's suspects answered."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, tenant: str, before: datetime) -> tuple[str, ...]:
        """Ids of cases decided before a time whose suspects' answers are still kept, with the case or with a job."""
        decided = select(CaseRow.id).join(CaseRow.verification)
        mine = decided.where(CaseRow.tenant_id == tenant, VerificationRow.recorded_at < before, _kept())
        return tuple(self._session.scalars(mine.order_by(CaseRow.id)))

    def held(self, tenant: str, before: datetime) -> frozenset[str]:
        """Those of the cases decided before a time that a legal hold in force rests on."""
        decided = select(CaseRow.id).join(CaseRow.verification)
        in_force = exists().where(HoldRow.tenant_id == tenant, HoldRow.lifted_at.is_(None), _rests_on(tenant))
        mine = decided.where(CaseRow.tenant_id == tenant, VerificationRow.recorded_at < before, in_force)
        return frozenset(self._session.scalars(mine))

    def among(self, tenant: str, cases: Sequence[str]) -> frozenset[str]:
        """Those of these cases whose answers were destroyed."""
        mine = select(DisposalRow.case_pk).where(DisposalRow.tenant_id == tenant, DisposalRow.case_pk.in_(cases))
        return frozenset(self._session.scalars(mine))

    def destroy(self, tenant: str, case_id: str, at: datetime, index: int) -> None:
        """Destroy the data keys of the case's answers and of its jobs, and record the log entry that says so."""
        answers = update(AnswersRow).where(AnswersRow.tenant_id == tenant, AnswersRow.id == case_id)
        self._session.execute(answers.values(data_key=None))
        jobs = select(JobRow.id).where(JobRow.tenant_id == tenant, JobRow.case_pk == case_id).scalar_subquery()
        steps = update(ShardRow).where(ShardRow.tenant_id == tenant, ShardRow.job_pk.in_(jobs))
        self._session.execute(steps.values(answers=None))
        asked = update(JobRow).where(JobRow.tenant_id == tenant, JobRow.case_pk == case_id)
        self._session.execute(asked.values(data_key=None, spec=b"", credential=None))
        self._session.add(DisposalRow(tenant_id=tenant, case_pk=case_id, disposed_at=at, entry_index=index))
        self._session.flush()


def _kept() -> ColumnElement[bool]:
    answers = exists().where(
        AnswersRow.tenant_id == CaseRow.tenant_id, AnswersRow.id == CaseRow.id, AnswersRow.data_key.is_not(None)
    )
    asked = exists().where(
        JobRow.tenant_id == CaseRow.tenant_id, JobRow.case_pk == CaseRow.id, JobRow.data_key.is_not(None)
    )
    gone = exists().where(DisposalRow.tenant_id == CaseRow.tenant_id, DisposalRow.case_pk == CaseRow.id)
    return and_(or_(answers, asked), ~gone)


def _rests_on(tenant: str) -> ColumnElement[bool]:
    """Whether a hold's subject is the case, a copy of its release, or a device with such a copy."""
    of_release = and_(CopyRow.tenant_id == tenant, CopyRow.release_pk == CaseRow.release_pk)
    copies = exists().where(of_release, or_(CopyRow.id == HoldRow.copy_pk, CopyRow.device_pk == HoldRow.device_pk))
    return or_(HoldRow.case_pk == CaseRow.id, copies)
