"""What the registry hands out: frozen values, never rows of the database."""

from registry.records.access import ApiKey, NewApiKey, Principal, Scope, Tenant
from registry.records.cases import Case, Held, Hold, RecordedVerdict, Retention
from registry.records.devices import Device, NewDevice
from registry.records.log import AuditReport, Checkpoint, ConsistencyProof, Entry, EntryKind, InclusionProof, TimeStamp
from registry.records.page import Page
from registry.records.possession import Outcome, Possession, PossessionChallenge
from registry.records.releases import Copy, Method, Release, Reservation

__all__ = [
    "ApiKey",
    "AuditReport",
    "Case",
    "Checkpoint",
    "ConsistencyProof",
    "Copy",
    "Device",
    "Entry",
    "EntryKind",
    "Held",
    "Hold",
    "InclusionProof",
    "Method",
    "NewApiKey",
    "NewDevice",
    "Outcome",
    "Page",
    "Possession",
    "PossessionChallenge",
    "Principal",
    "RecordedVerdict",
    "Release",
    "Reservation",
    "Retention",
    "Scope",
    "Tenant",
    "TimeStamp",
]
