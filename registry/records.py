"""What the registry hands out: frozen values, never rows of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fingerprint.verdict import Verdict
from registry.errors import WrongScope

Item = TypeVar("Item")


class Scope(StrEnum):
    """What an API key may do. No scope implies another."""

    RELEASE = "release"  # enrol devices, commit releases, issue copies
    INVESTIGATE = "investigate"  # open cases, read probes, obtain verdicts
    AUDIT = "audit"  # read the log, its proofs, and lists
    DISCLOSE = "disclose"  # obtain evidence packs: one release's carriers and one device's codeword
    ADMIN = "admin"  # manage API keys, forget devices, place and lift legal holds


class Method(StrEnum):
    """How a copy came to carry its codeword."""

    DISTILLED = "distilled"
    MINTED = "minted"


class EntryKind(StrEnum):
    """The kinds of log entries."""

    ENROLMENT = "enrolment"
    REVOCATION = "revocation"
    COMMITMENT = "commitment"
    RESERVATION = "reservation"
    ISSUE = "issue"
    VERDICT = "verdict"
    ERASURE = "erasure"
    DISPOSAL = "disposal"
    HOLD = "hold"
    LIFTING = "lifting"
    REENROLMENT = "re-enrolment"
    POSSESSION = "possession"


class Outcome(StrEnum):
    """What a proof of possession showed."""

    PROVEN = "proven"
    FOREIGN_KEY = "foreign-key"  # a good signature by another key
    ALTERED = "altered"  # a signature that does not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some items in order; `next` is the `after` of the following page, None on the last one."""

    items: tuple[Item, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An organisation. Its id is random and may stand in the log; its name may not."""

    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key without its token."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """An API key just made; `token` is shown this once and stored nowhere."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is calling: the tenant's id, the key's id and its scopes."""

    tenant: str
    key_id: str
    scopes: frozenset[Scope]

    def require(self, scope: Scope) -> None:
        """Return if the key has the scope.

        Raises:
            WrongScope: it has not.
        """
        if scope not in self.scopes:
            raise WrongScope(f"this key lacks the scope '{scope}'; ask an administrator for a key that has it")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """What a device's enrolment gave, to be stored.

    Attributes:
        name: unique within the tenant.
        helper_data: public data that the device finds its key again with.
        identity: one-way hash of the device key, for key confirmation.
        codeword_key: 32 bytes derived from the device key; sealed before it is stored.
        possession_key: public key that the device proves itself by, if it can.
    """

    name: str
    helper_data: bytes
    identity: str
    codeword_key: bytes = field(repr=False)
    possession_key: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """An enrolled device.

    Attributes:
        id: random id, the one that log entries use.
        name: unique within the tenant.
        helper_digest: digest of its helper data, the latest.
        identity: one-way hash of the device key, the latest, for key confirmation.
        possession_digest: digest of the public key that it proves possession by, None if it was enrolled without one.
        generation: how often it was enrolled again.
        entry_index: index of its enrolment in the log.
        reenrolment_index: index of its latest re-enrolment in the log, None if it never was.
        revocation_index: index of its revocation in the log, None while it is in good standing.
        forgotten: whether its name, helper data and data key were destroyed; its copies can no longer be traced.
    """

    id: str
    name: str
    helper_digest: str
    identity: str
    enrolled_at: datetime
    revoked_at: datetime | None
    entry_index: int
    revocation_index: int | None
    possession_digest: str | None = None
    generation: int = 0
    reenrolment_index: int | None = None
    forgotten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PossessionChallenge:
    """What a device was asked to sign, and what came of it.

    Attributes:
        id: random id, the one that log entries use.
        device: name of the device.
        purpose: why it was asked.
        message: canonical bytes of a `fingerprint.possession.Challenge`: what the device signs.
        expires_at: from then on an answer is refused.
        used_at: when it was answered, None while it was not.
        outcome: what the answer showed, None while there is none.
        entry_index: index of the outcome in the log.
    """

    id: str
    device: str
    purpose: str
    message: bytes
    opened_at: datetime
    expires_at: datetime
    used_at: datetime | None
    outcome: Outcome | None
    entry_index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Possession:
    """What an answer to a possession challenge showed, as it stands in the log.

    Attributes:
        challenge_digest: digest of the message that was to be signed.
        key_digest: digest of the public key that came with the signature.
        signature_digest: digest of the signature.
        enrolment_index: log entry of the enrolment whose key it was compared with.
        entry_index: index of the outcome in the log.
    """

    challenge_id: str
    device: str
    purpose: str
    outcome: Outcome
    challenge_digest: str
    key_digest: str
    signature_digest: str
    enrolment_index: int
    recorded_at: datetime
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A committed release.

    Attributes:
        id: random id, the one that log entries use.
        name: unique within the tenant.
        release_id: digest of the verifier pack, the one that codewords are bound to.
        pack_digest: digest of the stored pack file.
        commitment_digest: digest of the canonical bytes of the pack's commitment.
        alpha: declared bound on the probability of naming any innocent.
        bits: L, length of a codeword.
        entry_index: index of its commitment in the log.
    """

    id: str
    name: str
    release_id: str
    pack_digest: str
    commitment_digest: str
    alpha: float
    bits: int
    committed_at: datetime
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What the signer needs to make one copy: the registrar's nonce and the codeword drawn from it.

    Attributes:
        copy_id: id of the copy to be issued.
        release: name of the release.
        device: name of the device.
        nonce: 32 bytes drawn after the release was committed.
        codeword: int8 of shape (L,), values -1 and +1; hand it to the signer and to nobody else.
        entry_index: index of the reservation in the log.
    """

    copy_id: str
    release: str
    device: str
    nonce: bytes
    codeword: NDArray[np.int8] = field(repr=False, compare=False)
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of a release for a device: reserved, and issued once `issued_at` is set."""

    id: str
    release: str
    device: str
    reserved_at: datetime
    reservation_index: int
    artefact_digest: str | None
    method: Method | None
    issued_at: datetime | None
    entry_index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The question whose copy a suspect is, and whether it has been answered."""

    id: str
    release: str
    suspect: str
    opened_at: datetime
    decided: bool


class Held(StrEnum):
    """What a legal hold can be on."""

    DEVICE = "device"
    COPY = "copy"
    CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold: while it is in force nothing that its subject rests on can be forgotten.

    Attributes:
        id: random id, the one that log entries use.
        held: what kind of thing is held.
        subject: its id.
        reason: why, in words; the log has a salted digest of it.
        entry_index: index of its entry in the log.
        lifted_at: when it ended, None while it is in force.
        lifting_index: index of its lifting in the log.
    """

    id: str
    held: Held
    subject: str
    reason: str
    placed_at: datetime
    entry_index: int
    lifted_at: datetime | None
    lifting_index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What applying a retention period did, or would do.

    Attributes:
        before: devices revoked, and cases decided, before this time were due.
        rehearsed: whether nothing was changed.
        forgotten: devices forgotten; in a rehearsal, as they are still called.
        held: devices that were due and that a legal hold keeps.
        api_keys: keys that had been revoked or had expired by then, and were dropped.
        answers: ids of cases whose suspects' answers were destroyed.
        answers_held: ids of cases that were due and whose answers a legal hold keeps.
    """

    before: datetime
    rehearsed: bool
    forgotten: tuple[Device, ...]
    held: tuple[Device, ...]
    api_keys: tuple[ApiKey, ...]
    answers: tuple[str, ...] = ()
    answers_held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedVerdict:
    """A verdict that stands in the log.

    Attributes:
        case_id: id of the case.
        release: name of its release.
        suspect: what the case calls the suspect.
        verdict: as recorded; it speaks of devices by their ids, so that it says nothing of a forgotten one.
        names: by device id, the name that the device has now.
        verdict_digest: digest of `verdict.to_bytes()`, the one that the entry holds.
        observation_digest: digest of the suspect's answers.
        entry_index: index of its entry in the log.
    """

    case_id: str
    release: str
    suspect: str
    verdict: Verdict
    names: Mapping[str, str]
    verdict_digest: str
    observation_digest: str
    recorded_at: datetime
    entry_index: int

    @property
    def named(self) -> tuple[str, ...]:
        """Names of the named devices; empty means unknown source."""
        return tuple(self.names.get(device, device) for device in self.verdict.named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signed statement of the log's size and root.

    Attributes:
        origin: name of the log.
        size: number of entries.
        root: 32 bytes, RFC 6962 root of the first `size` entries.
        note: the C2SP signed note, verbatim.
    """

    origin: str
    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the log: its index and the exact bytes that are hashed."""

    index: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """That entry `index` is in the tree of `size` entries whose root the checkpoint signs."""

    index: int
    size: int
    hashes: tuple[bytes, ...]
    leaf_hash: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """That the tree of `old_size` entries is a prefix of the one that the checkpoint signs."""

    old_size: int
    size: int
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamp:
    """An RFC 3161 time stamp of a checkpoint, not verified (`registry.log.timestamp.verify`).

    Attributes:
        checkpoint: what was stamped; every entry below its size is dated by it.
        stamped_at: the time that the authority states.
        token: its response in DER, as it came.
    """

    checkpoint: Checkpoint
    stamped_at: datetime
    token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit that found nothing wrong has looked at. There is no report of a failed audit: it raises.

    Attributes:
        size: number of entries in the log.
        root: `sha256:` and the root of all entries in hexadecimal.
        published: size of the newest signed checkpoint.
        checkpoints: number of signed checkpoints, each compared with the root rebuilt at its size.
        cosignatures: number of cosignatures verified, of keys that the audit knew.
        timestamps: number of time stamps verified, 0 without the authorities' certificates.
        nodes: number of stored subtree hashes compared.
        entries: entries by kind, each matched with its row.
        rows: rows by table, each matched with its entries.
        opened: sealed cells that were opened and compared with what the log commits to.
        note: the newest signed checkpoint, verbatim: keep it for the next audit; None before the first one.
        audited: True.
    """

    size: int
    root: str
    published: int
    checkpoints: int
    cosignatures: int
    timestamps: int
    nodes: int
    entries: Mapping[str, int]
    rows: Mapping[str, int]
    opened: int
    note: str | None
    audited: bool = True
