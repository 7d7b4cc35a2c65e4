"""What each row claims the log says: for the audit, one function for each kind of entry.

A claim is recomputed from the row's own data (helper data, verdict bytes, opened keys), never copied from its digest
columns, and those columns must agree with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, NoReturn

from fingerprint import canonical, codeword
from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.verdict import Verdict
from registry.errors import (
    CopyTampered,
    DeviceTampered,
    HoldTampered,
    PossessionTampered,
    ReleaseTampered,
    RowTampered,
    VerdictTampered,
)
from registry.log import disclosure, entries
from registry.records import EntryKind, Held
from registry.repository.devices import forgotten_name
from registry.repository.scanned import (
    Scanned,
    ScannedCopy,
    ScannedDevice,
    ScannedDisposal,
    ScannedErasure,
    ScannedHold,
    ScannedIssue,
    ScannedLifting,
    ScannedPossession,
    ScannedReenrolment,
    ScannedRelease,
    ScannedRevocation,
    ScannedVerdict,
)
from registry.usecases.possession import judged

TAMPERED: Mapping[EntryKind, type[RowTampered]] = {
    EntryKind.ENROLMENT: DeviceTampered,
    EntryKind.REVOCATION: DeviceTampered,
    EntryKind.ERASURE: DeviceTampered,
    EntryKind.DISPOSAL: VerdictTampered,
    EntryKind.COMMITMENT: ReleaseTampered,
    EntryKind.RESERVATION: CopyTampered,
    EntryKind.ISSUE: CopyTampered,
    EntryKind.VERDICT: VerdictTampered,
    EntryKind.HOLD: HoldTampered,
    EntryKind.LIFTING: HoldTampered,
    EntryKind.REENROLMENT: DeviceTampered,
    EntryKind.POSSESSION: PossessionTampered,
}
Opener = Callable[[str, str, bytes | None, bytes], bytes | None]
"""(tenant, device, data key, sealed) -> codeword key, or None when it cannot or need not be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That entry `index` is of this kind and has these fields."""

    index: int
    kind: EntryKind
    row: str
    fields: Mapping[str, Any]
    silent: frozenset[str] = frozenset()  # fields that the row has forgotten and no longer speaks of
    first_form: Mapping[str, Any] | None = None  # the fields as entries of the kind had them once

    def require(self, condition: object, what: str) -> None:
        """Return if the condition holds. Raises the RowTampered of the claim's kind."""
        if not condition:
            self.fail(what)

    def fail(self, what: str) -> NoReturn:
        """Raise the RowTampered of the claim's kind."""
        raise TAMPERED[self.kind](f"{self.row}: {what}")


@singledispatch
def claim(row: Scanned, opener: Opener) -> Claim:
    """What the row claims, after checking that it agrees with itself. Raises a RowTampered."""
    raise TypeError(f"{type(row).__name__} is no scanned row: {opener}")


@claim.register
def _(row: ScannedDevice, opener: Opener) -> Claim:
    fields = entries.enrolment(
        tenant=row.tenant,
        device=row.id,
        salt=row.salt,
        name=row.name,
        helper_digest=canonical.digest(row.helper_data),
        identity=row.identity,
        commitment=row.key_commitment,
        possession=row.possession_digest,
        at=row.enrolled_at,
    )
    if row.erased_at is not None:
        return _forgotten(row, fields)
    made = Claim(index=row.index, kind=EntryKind.ENROLMENT, row=f"device {row.id}", fields=fields)
    made.require(_same(row.possession_key, row.possession_digest), "its public key does not have its digest")
    made.require(row.data_key is not None, "its data key is gone, and no erasure says so")
    made.require(row.helper_digest == fields["helper_data"], "its helper data does not have its digest")
    key = opener(row.tenant, row.id, row.data_key, row.codeword_key)
    made.require(
        key is None or entries.key_commitment(key) == row.key_commitment, "its codeword key is not the enrolled one"
    )
    return made


def _forgotten(row: ScannedDevice, fields: dict[str, Any]) -> Claim:
    """What a forgotten device still says: ids, times and one-way digests, and nothing else is left of it."""
    fields["helper_data"] = row.helper_digest
    silent = frozenset({"name"})
    made = Claim(index=row.index, kind=EntryKind.ENROLMENT, row=f"device {row.id}", fields=fields, silent=silent)
    left = row.data_key or row.codeword_key or row.helper_data or row.salt or row.possession_key
    made.require(not left and row.name == forgotten_name(row.id), "it was forgotten, and something of it is left")
    return made


@claim.register
def _(row: ScannedReenrolment, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.reenrolment(
        tenant=row.tenant,
        device=row.id,
        generation=row.generation,
        helper_digest=row.helper_digest,
        identity=row.identity,
        possession=row.possession_digest,
        at=row.reenrolled_at,
    )
    made = Claim(index=row.index, kind=EntryKind.REENROLMENT, row=f"re-enrolment of device {row.id}", fields=fields)
    if row.erased_at is not None:
        made.require(not (row.helper_data or row.possession_key), "it was forgotten, and something of it is left")
        return made
    made.require(_same(row.helper_data, row.helper_digest), "its helper data does not have its digest")
    made.require(_same(row.possession_key, row.possession_digest), "its public key does not have its digest")
    return made


@claim.register
def _(row: ScannedPossession, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.possession(
        tenant=row.tenant,
        device=row.device,
        challenge=row.challenge,
        asked=row.challenge_digest,
        key=row.key_digest,
        signature=row.signature_digest,
        outcome=row.outcome,
        enrolment=row.enrolment,
        at=row.recorded_at,
    )
    made = Claim(index=row.index, kind=EntryKind.POSSESSION, row=f"challenge {row.challenge}", fields=fields)
    made.require(row.used_at is not None, "it was judged, and says that it was never answered")
    if row.erased_at is not None:
        made.require(not (row.message or row.public_key or row.signature), "it was forgotten, and something is left")
        return made
    answer = ((row.message, row.challenge_digest), (row.public_key, row.key_digest))
    for value, digest in (*answer, (row.signature, row.signature_digest)):
        made.require(value is not None and _same(value, digest), "what was asked and answered has other digests")
    made.require(_outcome_holds(row), "its answer does not show what was recorded")
    return made


@claim.register
def _(row: ScannedErasure, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.erasure(tenant=row.tenant, device=row.id, at=row.erased_at)
    return Claim(index=row.index, kind=EntryKind.ERASURE, row=f"erasure of device {row.id}", fields=fields)


@claim.register
def _(row: ScannedDisposal, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.disposal(tenant=row.tenant, case=row.case, at=row.disposed_at)
    return Claim(index=row.index, kind=EntryKind.DISPOSAL, row=f"disposal of case {row.case}", fields=fields)


@claim.register
def _(row: ScannedRevocation, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.revocation(tenant=row.tenant, device=row.id, at=row.revoked_at)
    return Claim(index=row.index, kind=EntryKind.REVOCATION, row=f"device {row.id}", fields=fields)


@claim.register
def _(row: ScannedRelease, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.commitment(
        tenant=row.tenant,
        release=row.id,
        salt=row.salt,
        name=row.name,
        pack=row.pack_digest,
        commitment=canonical.digest(row.commitment),
        alpha=row.alpha,
        bits=row.bits,
        at=row.committed_at,
    )
    made = Claim(index=row.index, kind=EntryKind.COMMITMENT, row=f"release {row.id}", fields=fields)
    made.require(row.commitment_digest == fields["commitment"], "its commitment does not have its digest")
    made.require(row.release_id == row.pack_digest, "its release id is not the digest of its verifier pack")
    return made


@claim.register
def _(row: ScannedCopy, opener: Opener) -> Claim:
    fields = entries.reservation(
        tenant=row.tenant,
        copy=row.id,
        release=row.release,
        device=row.device,
        nonce=row.nonce,
        codeword=row.codeword_commitment,
        after=row.after,
        at=row.reserved_at,
    )
    made = Claim(index=row.index, kind=EntryKind.RESERVATION, row=f"copy {row.id}", fields=fields)
    ordered = row.release_index < row.after <= row.index and row.after_signed is not None
    made.require(ordered, "its nonce was drawn before the release's commitment was under a signed checkpoint")
    made.require(_codeword_holds(row, opener), "its nonce and its device's key do not give the codeword reserved")
    return made


@claim.register
def _(row: ScannedIssue, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.issue(
        tenant=row.tenant, copy=row.id, artefact=row.artefact_digest, method=row.method, at=row.issued_at
    )
    return Claim(index=row.index, kind=EntryKind.ISSUE, row=f"copy {row.id}", fields=fields)


@claim.register
def _(row: ScannedVerdict, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    verdict = _verdict_of(row)
    fields = entries.verdict(
        tenant=row.tenant,
        case=row.case,
        release=row.release,
        salt=row.salt,
        suspect=row.suspect,
        observation=row.observation_digest,
        verdict=canonical.digest(row.verdict),
        summary="" if verdict is None else canonical.digest(disclosure.summary_bytes(verdict, row.salt)),
        at=row.recorded_at,
    )
    before = entries.verdict_first_form(
        tenant=row.tenant,
        case=row.case,
        release=row.release,
        salt=row.salt,
        suspect=row.suspect,
        observation=row.observation_digest,
        verdict=canonical.digest(row.verdict),
        at=row.recorded_at,
    )
    said = f"case {row.case}"
    made = Claim(index=row.index, kind=EntryKind.VERDICT, row=said, fields=fields, first_form=before)
    made.require(row.verdict_digest == fields["verdict"], "its verdict does not have its digest")
    about = verdict is not None and (verdict.release, verdict.observation_digest) == (
        row.release_id,
        row.observation_digest,
    )
    made.require(about, "its verdict is about another release or other answers")
    whole = row.answers_file is None or row.answers_key is not None or row.disposed_at is not None
    made.require(whole, "its answers were destroyed, and no disposal says so")
    made.require(row.disposed_at is None or row.answers_key is None, "its answers are there in spite of their disposal")
    return made


@claim.register
def _(row: ScannedHold, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    subjects = {Held.DEVICE: row.device, Held.COPY: row.copy, Held.CASE: row.case}
    held, subject = next(((kind, found) for kind, found in subjects.items() if found), (Held.DEVICE, ""))
    fields = entries.hold(
        tenant=row.tenant,
        hold=row.id,
        held=held,
        subject=subject,
        salt=row.salt,
        reason=row.reason,
        at=row.placed_at,
    )
    return Claim(index=row.index, kind=EntryKind.HOLD, row=f"legal hold {row.id}", fields=fields)


@claim.register
def _(row: ScannedLifting, opener: Opener) -> Claim:  # noqa: ARG001 - the form of all claims
    fields = entries.lifting(tenant=row.tenant, hold=row.id, at=row.lifted_at)
    return Claim(index=row.index, kind=EntryKind.LIFTING, row=f"legal hold {row.id}", fields=fields)


def _same(value: bytes | None, digest: str | None) -> bool:
    return (None if value is None else canonical.digest(value)) == digest


def _outcome_holds(row: ScannedPossession) -> bool:
    if row.public_key is None or row.signature is None or row.enrolled is None:
        return False
    try:
        return judged(row.message, row.public_key, row.signature, row.enrolled) == row.outcome
    except CanonicalMalformed:
        return False


def _codeword_holds(row: ScannedCopy, opener: Opener) -> bool:
    key = opener(row.tenant, row.device, row.data_key, row.codeword_key)
    if key is None:
        return True
    try:
        signs = codeword.derive(key, release=row.release_id, nonce=row.nonce, length=row.bits)
    except ParameterError:
        return False
    salt = entries.codeword_salt(key, row.id)
    return entries.codeword_commitment(salt, codeword.pack_bits(signs)) == row.codeword_commitment


def _verdict_of(row: ScannedVerdict) -> Verdict | None:
    try:
        return Verdict.from_bytes(row.verdict)
    except (CanonicalMalformed, ParameterError):
        return None
