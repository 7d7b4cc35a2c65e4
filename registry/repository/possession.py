"""Possession challenges, and what their answers showed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, contains_eager

from registry.models import ChallengeRow, DeviceRow, PossessionRow
from registry.records import Outcome, Possession


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChallenge:
    """A challenge as stored, with the device's id and name and with what came of it.

    `message` is empty once the device was forgotten; `public_key` and `signature` are the answer, None before it.
    """

    id: str
    device_pk: str
    device: str
    message: bytes
    opened_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    public_key: bytes | None = None
    signature: bytes | None = None
    outcome: Outcome | None = None
    entry_index: int | None = None


def _stored(row: ChallengeRow) -> StoredChallenge:
    judged = row.possession
    return StoredChallenge(
        id=row.id,
        device_pk=row.device_pk,
        device=row.device.name,
        message=row.message,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        public_key=row.public_key,
        signature=row.signature,
        outcome=None if judged is None else Outcome(judged.outcome),
        entry_index=None if judged is None else judged.entry_index,
    )


def _mine(tenant: str) -> Select[ChallengeRow]:
    """The tenant's challenges, each with its device's name and, if it was judged, the outcome."""
    joined = select(ChallengeRow).join(ChallengeRow.device).outerjoin(ChallengeRow.possession)
    named = contains_eager(ChallengeRow.device).load_only(DeviceRow.name, raiseload=True)
    loaded = named, contains_eager(ChallengeRow.possession)
    return joined.where(ChallengeRow.tenant_id == tenant).options(*loaded).execution_options(populate_existing=True)


class PossessionRepository:
    """Queries about possession challenges and their outcomes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, challenge: StoredChallenge) -> None:
        """Store a challenge."""
        row = ChallengeRow(
            tenant_id=tenant,
            id=challenge.id,
            device_pk=challenge.device_pk,
            message=challenge.message,
            opened_at=challenge.opened_at,
            expires_at=challenge.expires_at,
        )
        self._session.add(row)
        self._session.flush()

    def get(self, tenant: str, challenge: str) -> StoredChallenge | None:
        """The challenge of that id."""
        row = self._session.scalar(_mine(tenant).where(ChallengeRow.id == challenge))
        return None if row is None else _stored(row)

    def answer(self, tenant: str, challenge: str, at: datetime, *, public_key: bytes, signature: bytes) -> None:
        """Use the challenge up, and keep the answer as it came."""
        mine = update(ChallengeRow).where(ChallengeRow.tenant_id == tenant, ChallengeRow.id == challenge)
        self._session.execute(mine.values(used_at=at, public_key=public_key, signature=signature))

    def record(self, tenant: str, possession: Possession) -> None:
        """Store what an answer showed."""
        row = PossessionRow(
            tenant_id=tenant,
            challenge_pk=possession.challenge_id,
            challenge_digest=possession.challenge_digest,
            key_digest=possession.key_digest,
            signature_digest=possession.signature_digest,
            outcome=possession.outcome,
            enrolment_index=possession.enrolment_index,
            recorded_at=possession.recorded_at,
            entry_index=possession.entry_index,
        )
        self._session.add(row)
        self._session.flush()

    def outcome(self, tenant: str, challenge: StoredChallenge, purpose: str) -> Possession | None:
        """What the answer to a challenge showed, None while it was not judged."""
        mine = select(PossessionRow).where(PossessionRow.tenant_id == tenant)
        row = self._session.scalar(mine.where(PossessionRow.challenge_pk == challenge.id))
        if row is None:
            return None
        return Possession(
            challenge_id=challenge.id,
            device=challenge.device,
            purpose=purpose,
            outcome=Outcome(row.outcome),
            challenge_digest=row.challenge_digest,
            key_digest=row.key_digest,
            signature_digest=row.signature_digest,
            enrolment_index=row.enrolment_index,
            recorded_at=row.recorded_at,
            entry_index=row.entry_index,
        )

    def forget(self, tenant: str, device: str) -> None:
        """Destroy what a device was asked and what it answered; what was shown stands in the log as digests."""
        mine = update(ChallengeRow).where(ChallengeRow.tenant_id == tenant, ChallengeRow.device_pk == device)
        self._session.execute(mine.values(message=b"", public_key=None, signature=None))
