"""Proofs of possession as the registry hands them out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What a proof of possession showed."""

    PROVEN = "proven"
    FOREIGN_KEY = "foreign-key"  # a good signature by another key
    ALTERED = "altered"  # a signature that does not hold


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
