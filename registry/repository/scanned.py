"""What the audit reads of each table: a row, or the part of a row that one entry of the log speaks of."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedDevice:
    """A device's row."""

    tenant: str
    id: str
    name: str
    salt: bytes
    helper_data: bytes
    helper_digest: str
    identity: str
    key_commitment: str
    data_key: bytes | None
    codeword_key: bytes
    possession_key: bytes | None
    possession_digest: str | None
    enrolled_at: datetime
    erased_at: datetime | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedReenrolment:
    """A re-enrolment's row."""

    tenant: str
    id: str
    generation: int
    helper_data: bytes
    helper_digest: str
    identity: str
    possession_key: bytes | None
    possession_digest: str | None
    reenrolled_at: datetime
    erased_at: datetime | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPossession:
    """A possession's row, with its challenge's and with the key digest of the enrolment that it was compared with."""

    tenant: str
    challenge: str
    device: str
    message: bytes
    used_at: datetime | None
    public_key: bytes | None
    signature: bytes | None
    challenge_digest: str
    key_digest: str
    signature_digest: str
    outcome: str
    enrolment: int
    enrolled: str | None
    recorded_at: datetime
    erased_at: datetime | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRevocation:
    """The part of a device's row that its revocation wrote."""

    tenant: str
    id: str
    revoked_at: datetime
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedErasure:
    """An erasure's row."""

    tenant: str
    id: str
    erased_at: datetime
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRelease:
    """A release's row."""

    tenant: str
    id: str
    name: str
    salt: bytes
    release_id: str
    pack_digest: str
    pack_file: str
    data_key: bytes | None
    commitment: bytes
    commitment_digest: str
    alpha: float
    bits: int
    committed_at: datetime
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedCopy:
    """The part of a copy's row that its reservation wrote, with what its codeword is derived from."""

    tenant: str
    id: str
    release: str
    release_id: str
    release_index: int
    bits: int
    device: str
    data_key: bytes | None
    codeword_key: bytes
    nonce: bytes
    codeword_commitment: str
    after: int
    after_signed: int | None
    reserved_at: datetime
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedIssue:
    """The part of a copy's row that its issue wrote."""

    tenant: str
    id: str
    artefact_digest: str
    method: str
    issued_at: datetime
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedVerdict:
    """A verification's row, with its case's."""

    tenant: str
    case: str
    release: str
    release_id: str
    suspect: str
    salt: bytes
    verdict: bytes
    verdict_digest: str
    observation_digest: str
    recorded_at: datetime
    answers_file: str | None
    answers_key: bytes | None
    disposed_at: datetime | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedDisposal:
    """A disposal's row."""

    tenant: str
    case: str
    disposed_at: datetime
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedHold:
    """The part of a legal hold's row that placing it wrote."""

    tenant: str
    id: str
    device: str | None
    copy: str | None
    case: str | None
    reason: str
    salt: bytes
    placed_at: datetime
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedLifting:
    """The part of a legal hold's row that lifting it wrote."""

    tenant: str
    id: str
    lifted_at: datetime
    index: int


Scanned = (
    ScannedDevice
    | ScannedReenrolment
    | ScannedRevocation
    | ScannedErasure
    | ScannedDisposal
    | ScannedRelease
    | ScannedCopy
    | ScannedIssue
    | ScannedVerdict
    | ScannedHold
    | ScannedLifting
    | ScannedPossession
)
