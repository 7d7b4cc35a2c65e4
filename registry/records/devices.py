"""Devices as the registry hands them out."""

from dataclasses import dataclass, field
from datetime import datetime


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
