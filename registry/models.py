"""The tables, as SQLAlchemy declarative models: the same on SQLite and PostgreSQL.

A tenant's rows have the primary key (tenant_id, id) and refer to each other by both, so that the database itself
refuses a copy of one tenant's release for another tenant's device. Relationships never load by themselves.

`log_entry`, `log_node`, `checkpoint`, `cosignature`, `time_stamp`, `verification`, `erasure`, `disposal` and
`possession` are append-only: the migrations install triggers that refuse UPDATE, DELETE and, on SQLite, the silent
delete inside INSERT OR REPLACE. Whoever can drop those triggers can still edit the file; the audit finds it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from registry.errors import MalformedValue

ID, DIGEST, NAME = String(32), String(71), String(200)
INDEX = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER is an alias of SQLite's rowid


class UtcDateTime(TypeDecorator[datetime]):
    """An instant with microseconds; SQLite keeps it without its zone, which is always UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its form
        """The instant in UTC, refused if it has no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise MalformedValue(f"the time {value} has no zone; give an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its form
        """The instant, always aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Root of the models; constraints are named by rule, so that migrations can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, bytes: LargeBinary, float: Float(53)}  # noqa: RUF012 - SQLAlchemy's


def _within_tenant(column: str, target: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"])


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


class DeviceRow(Base):
    """An enrolled device: helper data, never a response; its codeword key sealed; a public key, never a private one.

    Helper data, identity and public key are those of the first enrolment; a later one has a row in `reenrolment`.
    """

    __tablename__ = "device"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    salt: Mapped[bytes]
    helper_data: Mapped[bytes]
    helper_digest: Mapped[str] = mapped_column(DIGEST)
    identity: Mapped[str] = mapped_column(String(128))
    key_commitment: Mapped[str] = mapped_column(String(80))
    data_key: Mapped[bytes | None]
    codeword_key: Mapped[bytes]
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    revocation_index: Mapped[int | None] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    possession_key: Mapped[bytes | None]
    possession_digest: Mapped[str | None] = mapped_column(DIGEST)
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("(revoked_at IS NULL) = (revocation_index IS NULL)", name="revoked_whole"),
    )


class ReenrolmentRow(Base):
    """A later enrolment of a device. Forgetting the device empties it, as it does the device's row."""

    __tablename__ = "reenrolment"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    device_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    helper_data: Mapped[bytes]
    helper_digest: Mapped[str] = mapped_column(DIGEST)
    identity: Mapped[str] = mapped_column(String(128))
    possession_key: Mapped[bytes | None]
    possession_digest: Mapped[str | None] = mapped_column(DIGEST)
    reenrolled_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__ = (_within_tenant("device_pk", "device"),)


class ChallengeRow(Base):
    """A possession challenge: the bytes to be signed, and the answer as it came. Forgetting the device empties it."""

    __tablename__ = "challenge"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    device_pk: Mapped[str] = mapped_column(ID)
    message: Mapped[bytes]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    public_key: Mapped[bytes | None]
    signature: Mapped[bytes | None]
    device: Mapped[DeviceRow] = relationship(lazy="raise", viewonly=True)
    possession: Mapped["PossessionRow | None"] = relationship(lazy="raise", viewonly=True)
    __table_args__ = (
        _within_tenant("device_pk", "device"),
        CheckConstraint(
            "(public_key IS NULL) = (signature IS NULL) AND (signature IS NULL OR used_at IS NOT NULL)",
            name="answered_whole",
        ),
        Index(None, "tenant_id", "device_pk"),
    )


class PossessionRow(Base):
    """What the answer to a challenge showed. Append-only; its primary key is the challenge's: each is judged once."""

    __tablename__ = "possession"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    challenge_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    challenge_digest: Mapped[str] = mapped_column(DIGEST)
    key_digest: Mapped[str] = mapped_column(DIGEST)
    signature_digest: Mapped[str] = mapped_column(DIGEST)
    outcome: Mapped[str] = mapped_column(String(20))
    enrolment_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"))
    recorded_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__: Any = (_within_tenant("challenge_pk", "challenge"), {"sqlite_with_rowid": False})


class ErasureRow(Base):
    """A device that was forgotten on purpose. Append-only; the device's row stays, empty of what it meant."""

    __tablename__ = "erasure"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    device_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    erased_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__: Any = (_within_tenant("device_pk", "device"), {"sqlite_with_rowid": False})


class DisposalRow(Base):
    """A decided case whose suspect's answers were destroyed on purpose. Append-only; the verdict stays."""

    __tablename__ = "disposal"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    case_pk: Mapped[str] = mapped_column(ID, primary_key=True)
    disposed_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__: Any = (_within_tenant("case_pk", "investigation"), {"sqlite_with_rowid": False})


class ReleaseRow(Base):
    """A committed release; its verifier pack is a sealed file, `pack_file` the digest of the file's bytes."""

    __tablename__ = "release"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    salt: Mapped[bytes]
    release_id: Mapped[str] = mapped_column(DIGEST)
    pack_digest: Mapped[str] = mapped_column(DIGEST)
    pack_file: Mapped[str] = mapped_column(DIGEST)
    data_key: Mapped[bytes | None]
    commitment: Mapped[bytes]
    commitment_digest: Mapped[str] = mapped_column(DIGEST)
    alpha: Mapped[float]
    bits: Mapped[int]
    committed_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__ = (UniqueConstraint("tenant_id", "name"), UniqueConstraint("tenant_id", "release_id"))


class CopyRow(Base):
    """A copy, reserved with its nonce, then issued. Its codeword is derived when needed and stored nowhere."""

    __tablename__ = "copy"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    release_pk: Mapped[str] = mapped_column(ID)
    device_pk: Mapped[str] = mapped_column(ID)
    nonce: Mapped[bytes]
    codeword_commitment: Mapped[str] = mapped_column(String(80))
    after: Mapped[int] = mapped_column(INDEX)
    reserved_at: Mapped[datetime]
    reservation_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    artefact_digest: Mapped[str | None] = mapped_column(DIGEST)
    method: Mapped[str | None] = mapped_column(String(20))
    issued_at: Mapped[datetime | None]
    issue_index: Mapped[int | None] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    release: Mapped[ReleaseRow] = relationship(lazy="raise", viewonly=True)
    device: Mapped[DeviceRow] = relationship(lazy="raise", viewonly=True)
    __table_args__ = (
        _within_tenant("release_pk", "release"),
        _within_tenant("device_pk", "device"),
        CheckConstraint(
            "(issued_at IS NULL) = (issue_index IS NULL) AND (issued_at IS NULL) = (artefact_digest IS NULL)"
            " AND (issued_at IS NULL) = (method IS NULL)",
            name="issued_whole",
        ),
        Index(None, "tenant_id", "reservation_index"),
        Index(None, "tenant_id", "release_pk", "reservation_index"),
        Index(None, "tenant_id", "device_pk"),
        Index(None, "tenant_id", "artefact_digest"),
    )


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
    __table_args__ = (_within_tenant("release_pk", "release"),)


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
        _within_tenant("case_pk", "investigation"),
        {"sqlite_with_rowid": False},  # a hidden rowid would be a second key for INSERT OR REPLACE
    )


class HoldRow(Base):
    """A legal hold on one device, copy or case; in force until it is lifted."""

    __tablename__ = "legal_hold"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    device_pk: Mapped[str | None] = mapped_column(ID)
    copy_pk: Mapped[str | None] = mapped_column(ID)
    case_pk: Mapped[str | None] = mapped_column(ID)
    reason: Mapped[str] = mapped_column(NAME)
    salt: Mapped[bytes]
    placed_at: Mapped[datetime]
    entry_index: Mapped[int] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    lifted_at: Mapped[datetime | None]
    lifting_index: Mapped[int | None] = mapped_column(INDEX, ForeignKey("log_entry.idx"), unique=True)
    __table_args__ = (
        _within_tenant("device_pk", "device"),
        _within_tenant("copy_pk", "copy"),
        _within_tenant("case_pk", "investigation"),
        CheckConstraint(
            "(device_pk IS NOT NULL AND copy_pk IS NULL AND case_pk IS NULL)"
            " OR (device_pk IS NULL AND copy_pk IS NOT NULL AND case_pk IS NULL)"
            " OR (device_pk IS NULL AND copy_pk IS NULL AND case_pk IS NOT NULL)",
            name="holds_one",
        ),
        CheckConstraint("(lifted_at IS NULL) = (lifting_index IS NULL)", name="lifted_whole"),
        Index(None, "tenant_id", "lifted_at"),
    )


class AnswersRow(Base):
    """What a decided case's suspect answered, as a sealed file; destroying the data key forgets it."""

    __tablename__ = "answers"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(ID, primary_key=True)  # the case's
    file: Mapped[str] = mapped_column(DIGEST)
    data_key: Mapped[bytes | None]
    __table_args__ = (_within_tenant("id", "investigation"),)


class JobRow(Base):
    """The asking of a suspect about one case, as a sequence of steps of which `next` is the first one not done.

    What is asked and the credential are sealed under the row's data key, as are the steps' answers; the credential is
    destroyed when the job ends for good.
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
        _within_tenant("case_pk", "investigation"),
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
        _within_tenant("job_pk", "verification_job"),
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
    __table_args__ = (_within_tenant("job_pk", "verification_job"),)


class DoneRequestRow(Base):
    """What was answered to a request that its sender gave a key; the answer is sealed, `id` tells neither key."""

    __tablename__ = "done_request"
    tenant_id: Mapped[str] = mapped_column(ID, ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]
    data_key: Mapped[bytes | None]
    answer: Mapped[bytes]
    __table_args__ = (Index(None, "tenant_id", "expires_at"),)


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
