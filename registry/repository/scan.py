"""Everything there is, across tenants and in the order of the log: for the audit, and for nothing else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from registry.errors import (
    CheckpointTampered,
    CopyTampered,
    DeviceTampered,
    EntryTampered,
    HoldTampered,
    NodeTampered,
    PossessionTampered,
    ReleaseTampered,
    Tampered,
    VerdictTampered,
)
from registry.models import (
    AnswersRow,
    CaseRow,
    ChallengeRow,
    CheckpointRow,
    CopyRow,
    CosignatureRow,
    DeviceRow,
    DisposalRow,
    ErasureRow,
    HoldRow,
    LogEntryRow,
    LogNodeRow,
    PossessionRow,
    ReenrolmentRow,
    ReleaseRow,
    TimeStampRow,
    VerificationRow,
)
from registry.repository.scanned import (
    Scanned,
    ScannedCopy,
    ScannedDevice,
    ScannedDisposal,
    ScannedErasure,
    ScannedHold,
    ScannedIssue,
    ScannedLifting,
    ScannedPossession,
    ScannedReenrolment,
    ScannedRelease,
    ScannedRevocation,
    ScannedVerdict,
)

_ROWS = 2000


Record = TypeVar("Record")


def _erased(tenant: InstrumentedAttribute[str], device: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return and_(ErasureRow.tenant_id == tenant, ErasureRow.device_pk == device)


def _shown(row: Row[*tuple[Any, ...]]) -> str:
    return ", ".join(type(value).__name__ for value in row)


class Scan:
    """Streams over whole tables, each in the order of the log. Close it: a server keeps a place for each stream."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._opened = ExitStack()

    def close(self) -> None:
        """Close every stream, those that were not read to their end too."""
        self._opened.close()

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Index and bytes of every entry."""
        statement = select(LogEntryRow.idx, LogEntryRow.data).order_by(LogEntryRow.idx)
        yield from self._rows(statement, (int, bytes), EntryTampered)

    def checkpoints(self) -> Iterator[tuple[int, bytes, str]]:
        """Size, root and note of every checkpoint."""
        columns = select(CheckpointRow.size, CheckpointRow.root, CheckpointRow.note)
        yield from self._rows(columns.order_by(CheckpointRow.size), (int, bytes, str), CheckpointTampered)

    def cosignatures(self) -> Iterator[tuple[str, str, str, bytes]]:
        """Checkpoint's note, cosigner's name and key id, and signature of every cosignature."""
        columns = select(CheckpointRow.note, CosignatureRow.name, CosignatureRow.key_id, CosignatureRow.signature)
        statement = columns.join(CosignatureRow, CosignatureRow.size == CheckpointRow.size)
        yield from self._rows(statement.order_by(CosignatureRow.size), (str, str, str, bytes), CheckpointTampered)

    def timestamps(self) -> Iterator[tuple[str, bytes, datetime]]:
        """Checkpoint's note, token and stated time of every time stamp."""
        columns = select(CheckpointRow.note, TimeStampRow.token, TimeStampRow.stamped_at)
        statement = columns.join(TimeStampRow, TimeStampRow.size == CheckpointRow.size)
        yield from self._rows(statement.order_by(TimeStampRow.size), (str, bytes, datetime), CheckpointTampered)

    def level(self, level: int) -> Iterator[tuple[int, bytes]]:
        """Index and hash of every stored subtree of a level."""
        columns = select(LogNodeRow.idx, LogNodeRow.hash).where(LogNodeRow.level == level)
        yield from self._rows(columns.order_by(LogNodeRow.idx), (int, bytes), NodeTampered)

    def node_count(self) -> int:
        """How many subtrees are stored."""
        return self._session.scalar(select(func.count()).select_from(LogNodeRow)) or 0

    def counts(self) -> dict[str, int]:
        """Rows of each table that the log vouches for."""
        tables = {
            "devices": DeviceRow,
            "releases": ReleaseRow,
            "copies": CopyRow,
            "verdicts": VerificationRow,
            "reenrolments": ReenrolmentRow,
            "possessions": PossessionRow,
        }
        return {
            name: self._session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()
        }

    def rows(self) -> tuple[Iterator[Scanned], ...]:
        """One stream for each kind of entry, each in the order of its index."""
        return (
            self._devices(),
            self._reenrolments(),
            self._revocations(),
            self._erasures(),
            self._disposals(),
            self._releases(),
            self._copies(),
            self._issues(),
            self._verdicts(),
            self._holds(),
            self._liftings(),
            self._possessions(),
        )

    def _rows(self, statement: Select[*tuple[Any, ...]], kinds: Sequence[Any], error: type[Tampered]) -> Iterator[Any]:
        """Rows whose values are of these kinds: SQLite keeps what it is given, whatever a column was declared as."""
        result = self._session.execute(statement.execution_options(yield_per=_ROWS))
        self._opened.callback(result.close)
        rows = iter(result)
        try:
            while (row := next(rows, None)) is not None:
                if not all(map(isinstance, row, kinds)):
                    raise error(f"a row holds a value of another kind than its column: {_shown(row)}")
                yield row
        except (ValueError, TypeError) as malformed:  # a time that does not parse
            raise error(f"a row holds a value that does not read: {malformed}") from malformed

    def _records(
        self, record: Callable[..., Record], error: type[Tampered], statement: Select[*tuple[Any, ...]]
    ) -> Iterator[Record]:
        kinds = get_type_hints(record)
        columns = [column.name for column in statement.selected_columns]
        for row in self._rows(statement, [kinds[name] for name in columns], error):
            yield record(**dict(zip(columns, row, strict=True)))

    def _devices(self) -> Iterator[ScannedDevice]:
        statement = select(
            DeviceRow.tenant_id.label("tenant"),
            DeviceRow.id,
            DeviceRow.name,
            DeviceRow.salt,
            DeviceRow.helper_data,
            DeviceRow.helper_digest,
            DeviceRow.identity,
            DeviceRow.key_commitment,
            DeviceRow.data_key,
            DeviceRow.codeword_key,
            DeviceRow.possession_key,
            DeviceRow.possession_digest,
            DeviceRow.enrolled_at,
            ErasureRow.erased_at,
            DeviceRow.entry_index.label("index"),
        ).outerjoin(ErasureRow, _erased(DeviceRow.tenant_id, DeviceRow.id))
        yield from self._records(ScannedDevice, DeviceTampered, statement.order_by(DeviceRow.entry_index))

    def _reenrolments(self) -> Iterator[ScannedReenrolment]:
        statement = select(
            ReenrolmentRow.tenant_id.label("tenant"),
            ReenrolmentRow.device_pk.label("id"),
            ReenrolmentRow.generation,
            ReenrolmentRow.helper_data,
            ReenrolmentRow.helper_digest,
            ReenrolmentRow.identity,
            ReenrolmentRow.possession_key,
            ReenrolmentRow.possession_digest,
            ReenrolmentRow.reenrolled_at,
            ErasureRow.erased_at,
            ReenrolmentRow.entry_index.label("index"),
        ).outerjoin(ErasureRow, _erased(ReenrolmentRow.tenant_id, ReenrolmentRow.device_pk))
        yield from self._records(ScannedReenrolment, DeviceTampered, statement.order_by(ReenrolmentRow.entry_index))

    def _possessions(self) -> Iterator[ScannedPossession]:
        enrolled = func.coalesce(ReenrolmentRow.possession_digest, DeviceRow.possession_digest)
        columns = select(
            PossessionRow.tenant_id.label("tenant"),
            PossessionRow.challenge_pk.label("challenge"),
            ChallengeRow.device_pk.label("device"),
            ChallengeRow.message,
            ChallengeRow.used_at,
            ChallengeRow.public_key,
            ChallengeRow.signature,
            PossessionRow.challenge_digest,
            PossessionRow.key_digest,
            PossessionRow.signature_digest,
            PossessionRow.outcome,
            PossessionRow.enrolment_index.label("enrolment"),
            enrolled.label("enrolled"),
            PossessionRow.recorded_at,
            ErasureRow.erased_at,
            PossessionRow.entry_index.label("index"),
        )
        first = and_(
            DeviceRow.tenant_id == ChallengeRow.tenant_id,
            DeviceRow.id == ChallengeRow.device_pk,
            DeviceRow.entry_index == PossessionRow.enrolment_index,
        )
        later = and_(
            ReenrolmentRow.tenant_id == ChallengeRow.tenant_id,
            ReenrolmentRow.device_pk == ChallengeRow.device_pk,
            ReenrolmentRow.entry_index == PossessionRow.enrolment_index,
        )
        joined = columns.select_from(ChallengeRow).join(ChallengeRow.possession).outerjoin(DeviceRow, first)
        erased = _erased(ChallengeRow.tenant_id, ChallengeRow.device_pk)
        statement = joined.outerjoin(ReenrolmentRow, later).outerjoin(ErasureRow, erased)
        yield from self._records(ScannedPossession, PossessionTampered, statement.order_by(PossessionRow.entry_index))

    def _revocations(self) -> Iterator[ScannedRevocation]:
        columns = select(
            DeviceRow.tenant_id.label("tenant"),
            DeviceRow.id,
            DeviceRow.revoked_at,
            DeviceRow.revocation_index.label("index"),
        )
        statement = columns.where(DeviceRow.revocation_index.is_not(None))
        yield from self._records(ScannedRevocation, DeviceTampered, statement.order_by(DeviceRow.revocation_index))

    def _erasures(self) -> Iterator[ScannedErasure]:
        columns = select(
            ErasureRow.tenant_id.label("tenant"),
            ErasureRow.device_pk.label("id"),
            ErasureRow.erased_at,
            ErasureRow.entry_index.label("index"),
        )
        yield from self._records(ScannedErasure, DeviceTampered, columns.order_by(ErasureRow.entry_index))

    def _releases(self) -> Iterator[ScannedRelease]:
        statement = select(
            ReleaseRow.tenant_id.label("tenant"),
            ReleaseRow.id,
            ReleaseRow.name,
            ReleaseRow.salt,
            ReleaseRow.release_id,
            ReleaseRow.pack_digest,
            ReleaseRow.pack_file,
            ReleaseRow.data_key,
            ReleaseRow.commitment,
            ReleaseRow.commitment_digest,
            ReleaseRow.alpha,
            ReleaseRow.bits,
            ReleaseRow.committed_at,
            ReleaseRow.entry_index.label("index"),
        )
        yield from self._records(ScannedRelease, ReleaseTampered, statement.order_by(ReleaseRow.entry_index))

    def _copies(self) -> Iterator[ScannedCopy]:
        columns = select(
            CopyRow.tenant_id.label("tenant"),
            CopyRow.id,
            CopyRow.release_pk.label("release"),
            ReleaseRow.release_id,
            ReleaseRow.entry_index.label("release_index"),
            ReleaseRow.bits,
            CopyRow.device_pk.label("device"),
            DeviceRow.data_key,
            DeviceRow.codeword_key,
            CopyRow.nonce,
            CopyRow.codeword_commitment,
            CopyRow.after,
            CheckpointRow.size.label("after_signed"),
            CopyRow.reserved_at,
            CopyRow.reservation_index.label("index"),
        )
        joined = columns.join(CopyRow.release).join(CopyRow.device)
        statement = joined.outerjoin(CheckpointRow, CheckpointRow.size == CopyRow.after)
        yield from self._records(ScannedCopy, CopyTampered, statement.order_by(CopyRow.reservation_index))

    def _issues(self) -> Iterator[ScannedIssue]:
        columns = select(
            CopyRow.tenant_id.label("tenant"),
            CopyRow.id,
            CopyRow.artefact_digest,
            CopyRow.method,
            CopyRow.issued_at,
            CopyRow.issue_index.label("index"),
        )
        statement = columns.where(CopyRow.issue_index.is_not(None)).order_by(CopyRow.issue_index)
        yield from self._records(ScannedIssue, CopyTampered, statement)

    def _verdicts(self) -> Iterator[ScannedVerdict]:
        columns = select(
            VerificationRow.tenant_id.label("tenant"),
            VerificationRow.case_pk.label("case"),
            CaseRow.release_pk.label("release"),
            ReleaseRow.release_id,
            CaseRow.suspect,
            CaseRow.salt,
            VerificationRow.verdict,
            VerificationRow.verdict_digest,
            VerificationRow.observation_digest,
            VerificationRow.recorded_at,
            AnswersRow.file.label("answers_file"),
            AnswersRow.data_key.label("answers_key"),
            DisposalRow.disposed_at,
            VerificationRow.entry_index.label("index"),
        )
        joined = columns.select_from(CaseRow).join(CaseRow.release).join(CaseRow.verification)
        kept = and_(AnswersRow.tenant_id == CaseRow.tenant_id, AnswersRow.id == CaseRow.id)
        gone = and_(DisposalRow.tenant_id == CaseRow.tenant_id, DisposalRow.case_pk == CaseRow.id)
        statement = joined.outerjoin(AnswersRow, kept).outerjoin(DisposalRow, gone)
        yield from self._records(ScannedVerdict, VerdictTampered, statement.order_by(VerificationRow.entry_index))

    def _disposals(self) -> Iterator[ScannedDisposal]:
        columns = select(
            DisposalRow.tenant_id.label("tenant"),
            DisposalRow.case_pk.label("case"),
            DisposalRow.disposed_at,
            DisposalRow.entry_index.label("index"),
        )
        yield from self._records(ScannedDisposal, VerdictTampered, columns.order_by(DisposalRow.entry_index))

    def _holds(self) -> Iterator[ScannedHold]:
        columns = select(
            HoldRow.tenant_id.label("tenant"),
            HoldRow.id,
            HoldRow.device_pk.label("device"),
            HoldRow.copy_pk.label("copy"),
            HoldRow.case_pk.label("case"),
            HoldRow.reason,
            HoldRow.salt,
            HoldRow.placed_at,
            HoldRow.entry_index.label("index"),
        )
        yield from self._records(ScannedHold, HoldTampered, columns.order_by(HoldRow.entry_index))

    def _liftings(self) -> Iterator[ScannedLifting]:
        columns = select(
            HoldRow.tenant_id.label("tenant"), HoldRow.id, HoldRow.lifted_at, HoldRow.lifting_index.label("index")
        )
        statement = columns.where(HoldRow.lifting_index.is_not(None)).order_by(HoldRow.lifting_index)
        yield from self._records(ScannedLifting, HoldTampered, statement)
