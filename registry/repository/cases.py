"""Cases and their verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, contains_eager

from fingerprint.verdict import Verdict
from registry.models import AnswersRow, CaseRow, DeviceRow, ReleaseRow, VerificationRow
from registry.records import Case, Page, RecordedVerdict
from registry.repository.page import page

_NAMES = 1000  # asked for at a time: a statement takes so many parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSecrets:
    """What a case's row holds beyond its record."""

    release_pk: str
    release_id: str
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAnswers:
    """Where a case's answers are: the digest of their sealed file, and the data key that opens it."""

    file: str
    data_key: bytes | None


def _case(row: CaseRow) -> Case:
    return Case(
        id=row.id,
        release=row.release.name,
        suspect=row.suspect,
        opened_at=row.opened_at,
        decided=row.verification is not None,
    )


def _mine(tenant: str) -> Select[CaseRow]:
    """The tenant's cases, each with its release and, if it is decided, its verification."""
    joined = select(CaseRow).join(CaseRow.release).outerjoin(CaseRow.verification)
    loaded = contains_eager(CaseRow.release), contains_eager(CaseRow.verification)
    return joined.where(CaseRow.tenant_id == tenant).options(*loaded).execution_options(populate_existing=True)


class CaseRepository:
    """Queries about cases."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, case: Case, *, release_pk: str, salt: bytes) -> None:
        """Store a case."""
        row = CaseRow(
            tenant_id=tenant,
            id=case.id,
            release_pk=release_pk,
            suspect=case.suspect,
            salt=salt,
            opened_at=case.opened_at,
        )
        self._session.add(row)
        self._session.flush()

    def get(self, tenant: str, case_id: str) -> Case | None:
        """The case of that id."""
        row = self._session.scalar(_mine(tenant).where(CaseRow.id == case_id))
        return None if row is None else _case(row)

    def secrets(self, tenant: str, case_id: str) -> CaseSecrets:
        """What the verdict's entry needs to know of the case of that id, which exists."""
        columns = select(CaseRow.release_pk, ReleaseRow.release_id, CaseRow.salt).join(CaseRow.release)
        row = self._session.execute(columns.where(CaseRow.tenant_id == tenant, CaseRow.id == case_id)).one()
        return CaseSecrets(release_pk=row.release_pk, release_id=row.release_id, salt=row.salt)

    def page(self, tenant: str, after: str | None, limit: int) -> Page[Case]:
        """Cases by id."""
        statement = _mine(tenant).order_by(CaseRow.id)
        if after is not None:
            statement = statement.where(CaseRow.id > after)
        rows = self._session.scalars(statement.limit(limit + 1)).all()
        return page(rows, limit, _case, lambda row: row.id)

    def record(self, tenant: str, recorded: RecordedVerdict) -> None:
        """Store a case's verdict."""
        row = VerificationRow(
            tenant_id=tenant,
            case_pk=recorded.case_id,
            verdict=recorded.verdict.to_bytes(),
            verdict_digest=recorded.verdict_digest,
            observation_digest=recorded.observation_digest,
            recorded_at=recorded.recorded_at,
            entry_index=recorded.entry_index,
        )
        self._session.add(row)
        self._session.flush()

    def decided_about(self, tenant: str, release_pk: str) -> int:
        """How many verdicts there are about the release of that id."""
        mine = select(func.count()).select_from(CaseRow).join(CaseRow.verification)
        return self._session.scalar(mine.where(CaseRow.tenant_id == tenant, CaseRow.release_pk == release_pk)) or 0

    def keep_answers(self, tenant: str, case_id: str, answers: SealedAnswers) -> None:
        """Store where a case's answers are."""
        self._session.add(AnswersRow(tenant_id=tenant, id=case_id, file=answers.file, data_key=answers.data_key))
        self._session.flush()

    def answers(self, tenant: str, case_id: str) -> SealedAnswers | None:
        """Where a case's answers are, None if they were not kept."""
        mine = select(AnswersRow.file, AnswersRow.data_key)
        row = self._session.execute(mine.where(AnswersRow.tenant_id == tenant, AnswersRow.id == case_id)).one_or_none()
        return None if row is None else SealedAnswers(file=row.file, data_key=row.data_key)

    def verdict(self, tenant: str, case_id: str) -> RecordedVerdict | None:
        """The verdict of the case of that id, None while it is undecided."""
        row = self._session.scalar(_mine(tenant).where(CaseRow.id == case_id))
        if row is None or row.verification is None:
            return None
        found = row.verification
        verdict = Verdict.from_bytes(found.verdict)
        return RecordedVerdict(
            case_id=row.id,
            release=row.release.name,
            suspect=row.suspect,
            verdict=verdict,
            names=self.names(tenant, [score.device for score in verdict.ranked]),
            verdict_digest=found.verdict_digest,
            observation_digest=found.observation_digest,
            recorded_at=found.recorded_at,
            entry_index=found.entry_index,
        )

    def names(self, tenant: str, devices: Sequence[str]) -> dict[str, str]:
        """Present names of the devices of these ids, forgotten ones included."""
        found: dict[str, str] = {}
        for start in range(0, len(devices), _NAMES):
            few = DeviceRow.id.in_(devices[start : start + _NAMES])
            rows = self._session.execute(select(DeviceRow.id, DeviceRow.name).where(DeviceRow.tenant_id == tenant, few))
            found.update((row.id, row.name) for row in rows)
        return found
