"""Proof of possession: a challenge, one answer, and what it showed.

The answer is taken (`answer`) in one unit and judged (`judge`) in the next: a challenge is used up before anything is
said about its answer, so that no failure, and no crash, gives a second try at it. `registry.proving` runs the two.
"""

import unicodedata
from datetime import UTC, datetime

from fingerprint import canonical, possession
from fingerprint.errors import PossessionNotProven
from registry.errors import (
    ChallengeExpired,
    ChallengeUsed,
    DeviceForgotten,
    MalformedValue,
    PossessionKeyMissing,
    UnknownChallenge,
    UnknownDevice,
)
from registry.log import entries
from registry.records import EntryKind, Outcome, Possession, PossessionChallenge
from registry.repository.devices import EnrolledKey
from registry.repository.possession import StoredChallenge
from registry.usecases.tools import Tools

LONGEST_LIFE = 86_400
MAX_PURPOSE = 200


def judged(message: bytes, public_key: bytes, signature: bytes, enrolled: str) -> Outcome:
    """What an answer shows: the one rule, for the registry and for its audit.

    Args:
        message: canonical bytes of the challenge.
        public_key: the key that came with the signature.
        signature: over the message.
        enrolled: digest of the enrolled device's public key.
    """
    try:
        possession.verify(public_key, possession.Challenge.from_bytes(message), signature)
    except PossessionNotProven:
        return Outcome.ALTERED
    return Outcome.PROVEN if canonical.digest(public_key) == enrolled else Outcome.FOREIGN_KEY


class Possessions:
    """Challenges and their answers."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.possessions

    def open(self, tenant: str, device: str, *, purpose: str, seconds: int) -> PossessionChallenge:
        """A new challenge to a device; a revoked device can be asked too, a forgotten one cannot."""
        _require_purpose(purpose)
        if not 1 <= seconds <= LONGEST_LIFE:
            raise MalformedValue(f"a challenge lives for 1 to {LONGEST_LIFE} seconds, not {seconds}")
        self._tools.log.lock()
        found = self._tools.repository.devices.named(tenant, device) if device.isprintable() else None
        if found is None:
            raise UnknownDevice(f"there is no device '{device}'; enrol it first")
        if found.forgotten:
            raise DeviceForgotten(f"the device {found.id} was forgotten; nobody can show any more which one it was")
        self._enrolled(tenant, found.id, device)
        now = self._tools.clock()
        expires = int(now.timestamp()) + seconds
        message = possession.Challenge(
            registry=self._tools.log.origin,
            tenant=tenant,
            device=device,
            purpose=purpose,
            nonce=self._tools.entropy(possession.NONCE_BYTES),
            expires=expires,
        ).to_bytes()
        challenge = StoredChallenge(
            id=self._tools.new_id(),
            device_pk=found.id,
            device=device,
            message=message,
            opened_at=now,
            expires_at=datetime.fromtimestamp(expires, UTC),
        )
        self._stored.add(tenant, challenge)
        return _record(challenge)

    def get(self, tenant: str, challenge: str) -> PossessionChallenge:
        """The challenge of that id."""
        return _record(self._known(tenant, challenge))

    def answer(self, tenant: str, challenge: str, *, public_key: bytes, signature: bytes) -> None:
        """Use the challenge up with this answer, whatever it is worth."""
        for value, size in ((public_key, possession.PUBLIC_KEY_BYTES), (signature, possession.SIGNATURE_BYTES)):
            if len(value) != size:
                raise MalformedValue(
                    f"a proof is a public key of {possession.PUBLIC_KEY_BYTES} bytes and a signature of"
                    f" {possession.SIGNATURE_BYTES}; one of them has {len(value)}"
                )
        self._tools.log.lock()
        found, now = self._known(tenant, challenge), self._tools.clock()
        if found.used_at is not None:
            raise ChallengeUsed(f"the challenge {challenge} was answered before; open another one")
        if now >= found.expires_at:
            raise ChallengeExpired(f"the challenge {challenge} expired at {found.expires_at}; open another one")
        self._stored.answer(tenant, challenge, now, public_key=public_key, signature=signature)

    def judge(self, tenant: str, challenge: str) -> Possession:
        """What the answer to the challenge shows, in the log; it is not raised here, so that the unit is committed."""
        self._tools.log.lock()
        found = self._known(tenant, challenge)
        if found.public_key is None or found.signature is None or found.outcome is not None:
            raise ChallengeUsed(f"the challenge {challenge} has no answer that is still to be judged; open another one")
        enrolled = self._enrolled(tenant, found.device_pk, found.device)
        outcome = judged(found.message, found.public_key, found.signature, enrolled.digest)
        return self._log(tenant, found, outcome, enrolled, found.public_key, found.signature)

    def outcome(self, tenant: str, challenge: str) -> Possession | None:
        """What the answer to the challenge showed."""
        found = self._known(tenant, challenge)
        return self._stored.outcome(tenant, found, _record(found).purpose)

    def _known(self, tenant: str, challenge: str) -> StoredChallenge:
        found = self._stored.get(tenant, challenge) if challenge.isprintable() else None
        if found is None:
            raise UnknownChallenge(f"there is no challenge with the id '{challenge}'; open one first")
        if not found.message:
            raise DeviceForgotten(f"the device {found.device_pk} was forgotten, and with it what it was asked")
        return found

    def _enrolled(self, tenant: str, device: str, name: str) -> EnrolledKey:
        enrolled = self._tools.repository.devices.possession_key(tenant, device)
        if enrolled is None:
            raise PossessionKeyMissing(
                f"the device '{name}' was enrolled without a public key, so there is nothing to compare its proof with;"
                f" enrol it again with `countermark device reenroll {name}`"
            )
        return enrolled

    def _log(
        self,
        tenant: str,
        found: StoredChallenge,
        outcome: Outcome,
        enrolled: EnrolledKey,
        public_key: bytes,
        signature: bytes,
    ) -> Possession:
        now, asked = self._tools.clock(), canonical.digest(found.message)
        key, signed = canonical.digest(public_key), canonical.digest(signature)
        fields = entries.possession(
            tenant=tenant,
            device=found.device_pk,
            challenge=found.id,
            asked=asked,
            key=key,
            signature=signed,
            outcome=outcome,
            enrolment=enrolled.entry_index,
            at=now,
        )
        recorded = Possession(
            challenge_id=found.id,
            device=found.device,
            purpose=_record(found).purpose,
            outcome=outcome,
            challenge_digest=asked,
            key_digest=key,
            signature_digest=signed,
            enrolment_index=enrolled.entry_index,
            recorded_at=now,
            entry_index=self._tools.log.append(EntryKind.POSSESSION, fields),
        )
        self._stored.record(tenant, recorded)
        return recorded


def _record(stored: StoredChallenge) -> PossessionChallenge:
    return PossessionChallenge(
        id=stored.id,
        device=stored.device,
        purpose=possession.Challenge.from_bytes(stored.message).purpose,
        message=stored.message,
        opened_at=stored.opened_at,
        expires_at=stored.expires_at,
        used_at=stored.used_at,
        outcome=stored.outcome,
        entry_index=stored.entry_index,
    )


def _require_purpose(purpose: str) -> None:
    whole = 0 < len(purpose) <= MAX_PURPOSE and purpose == purpose.strip() and purpose.isprintable()
    if not whole or unicodedata.normalize("NFC", purpose) != purpose:
        raise MalformedValue(
            f"a purpose has 1 to {MAX_PURPOSE} printing characters, no space at either end, composed (Unicode NFC)"
        )
