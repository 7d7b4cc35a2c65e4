"""Cases, verdicts, legal holds and what retention destroyed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fingerprint.verdict import Verdict
from registry.records.access import ApiKey
from registry.records.devices import Device


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
