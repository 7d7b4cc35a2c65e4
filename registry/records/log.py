"""The log's entries, checkpoints and proofs, and what an audit found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
