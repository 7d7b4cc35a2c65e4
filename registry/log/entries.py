"""What stands in the log: small canonical records of ids and digests, one function for each kind.

The use-cases write entries with these functions and the audit recomputes them from the rows: one formula for both.
Nothing personal is in an entry. Ids are random; names appear only as HMACs under a random salt of their row, so that
forgetting the salt makes the entry say nothing about the name, with the log intact. Secrets appear only as salted or
keyed commitments of high entropy.

Canonical bytes: `fingerprint.canonical` under the tag `countermark/log/entry`, version 1.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed
from registry.errors import MalformedEntry
from registry.records import EntryKind

TAG = "countermark/log/entry"
MAX_ENTRY_BYTES = 65_535  # an entry bundle of C2SP tlog-tiles prefixes each entry with a uint16


def encode(kind: EntryKind, fields: Mapping[str, Any]) -> bytes:
    """Canonical bytes of an entry.

    Raises:
        MalformedEntry: longer than an entry may be.
    """
    data = canonical.encode(TAG, {"kind": kind.value, **fields})
    if len(data) > MAX_ENTRY_BYTES:
        raise MalformedEntry(f"an entry of {len(data)} bytes; the log takes at most {MAX_ENTRY_BYTES}")
    return data


def decode(data: bytes) -> tuple[EntryKind, dict[str, Any]]:
    """Kind and fields of an entry.

    Raises:
        MalformedEntry: not canonical bytes of an entry of a known kind.
    """
    try:
        fields = canonical.decode(TAG, data)
        return EntryKind(fields.pop("kind")), fields
    except (CanonicalMalformed, KeyError, ValueError) as error:
        raise MalformedEntry(f"not an entry of this log: {error}") from error


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds.

    Example:
        >>> instant(datetime(2026, 11, 24, 8, 30, tzinfo=UTC))
        '2026-11-24T08:30:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def salted(salt: bytes, purpose: str, value: bytes) -> str:
    """`hmac-sha256:` and HMAC-SHA256(salt, purpose || 0x00 || value) in hexadecimal.

    Example:
        >>> salted(bytes(32), "device", b"pump 7")[:20]
        'hmac-sha256:a8cad7f2'
    """
    return "hmac-sha256:" + hmac.new(salt, purpose.encode() + b"\x00" + value, hashlib.sha256).hexdigest()


def key_commitment(codeword_key: bytes) -> str:
    """What an enrolment says about the codeword key: one-way, and hiding since the key has 256 bits of entropy."""
    return salted(codeword_key, "countermark/codeword-key/v1", b"")


def codeword_salt(codeword_key: bytes, copy: str) -> bytes:
    """The salt of one copy's codeword commitment: it can be disclosed with that codeword and tells of no other."""
    return hmac.new(codeword_key, b"countermark/codeword-salt/v1\x00" + copy.encode(), hashlib.sha256).digest()


def codeword_commitment(salt: bytes, codeword: bytes) -> str:
    """What a reservation says about the copy's codeword (packed signs): hiding however short the codeword is."""
    return salted(salt, "countermark/codeword/v1", codeword)


def opening_salt(salt: bytes, purpose: str) -> bytes:
    """A salt made from a row's own for one purpose: it can be disclosed and tells of no other, nor of the row's."""
    return hmac.new(salt, b"countermark/opening-salt/v1\x00" + purpose.encode(), hashlib.sha256).digest()


def enrolment(
    *,
    tenant: str,
    device: str,
    salt: bytes,
    name: str,
    helper_digest: str,
    identity: str,
    commitment: str,
    possession: str | None = None,
    at: datetime,
) -> dict[str, Any]:
    """A device was enrolled; `possession`, the digest of its public key, is left out where it gave none."""
    fields = {
        "tenant": tenant,
        "device": device,
        "name": salted(salt, "device", name.encode()),
        "helper_data": helper_digest,
        "identity": identity,
        "codeword_key": commitment,
        "at": instant(at),
    }
    return fields if possession is None else {**fields, "possession_key": possession}


def reenrolment(
    *,
    tenant: str,
    device: str,
    generation: int,
    helper_digest: str,
    identity: str,
    possession: str | None = None,
    at: datetime,
) -> dict[str, Any]:
    """A device was enrolled again; its codeword key stays the first one's."""
    fields = {
        "tenant": tenant,
        "device": device,
        "generation": generation,
        "helper_data": helper_digest,
        "identity": identity,
        "at": instant(at),
    }
    return fields if possession is None else {**fields, "possession_key": possession}


def revocation(*, tenant: str, device: str, at: datetime) -> dict[str, Any]:
    """A device was revoked."""
    return {"tenant": tenant, "device": device, "at": instant(at)}


def erasure(*, tenant: str, device: str, at: datetime) -> dict[str, Any]:
    """A device was forgotten: from here on its row need not say what its enrolment says of its name."""
    return {"tenant": tenant, "device": device, "at": instant(at)}


def disposal(*, tenant: str, case: str, at: datetime) -> dict[str, Any]:
    """What the suspect of a decided case answered was destroyed; the verdict, and the answers' digest, stay."""
    return {"tenant": tenant, "case": case, "at": instant(at)}


def hold(*, tenant: str, hold: str, held: str, subject: str, salt: bytes, reason: str, at: datetime) -> dict[str, Any]:
    """A legal hold was placed on a device, copy or case."""
    return {
        "tenant": tenant,
        "hold": hold,
        "held": held,
        "subject": subject,
        "reason": salted(salt, "hold", reason.encode()),
        "at": instant(at),
    }


def lifting(*, tenant: str, hold: str, at: datetime) -> dict[str, Any]:
    """A legal hold was lifted."""
    return {"tenant": tenant, "hold": hold, "at": instant(at)}


def possession(
    *,
    tenant: str,
    device: str,
    challenge: str,
    asked: str,
    key: str,
    signature: str,
    outcome: str,
    enrolment: int,
    at: datetime,
) -> dict[str, Any]:
    """A proof of possession was judged: digests of what was asked, of the key and the signature that came, and why.

    What was asked holds 32 random bytes, so that its digest says nothing once they are forgotten.
    """
    return {
        "tenant": tenant,
        "device": device,
        "challenge": challenge,
        "asked": asked,
        "key": key,
        "signature": signature,
        "outcome": outcome,
        "enrolment": enrolment,
        "at": instant(at),
    }


def commitment(
    *,
    tenant: str,
    release: str,
    salt: bytes,
    name: str,
    pack: str,
    commitment: str,
    alpha: float,
    bits: int,
    at: datetime,
) -> dict[str, Any]:
    """A release was committed: its pack, and what it commits its owner to."""
    return {
        "tenant": tenant,
        "release": release,
        "name": salted(salt, "release", name.encode()),
        "pack": pack,
        "commitment": commitment,
        "alpha": alpha,
        "bits": bits,
        "at": instant(at),
    }


def reservation(
    *, tenant: str, copy: str, release: str, device: str, nonce: bytes, codeword: str, after: int, at: datetime
) -> dict[str, Any]:
    """A nonce was drawn for a copy; `after` is the size of the checkpoint that held the commitment by then."""
    return {
        "tenant": tenant,
        "copy": copy,
        "release": release,
        "device": device,
        "nonce": canonical.digest(nonce),
        "codeword": codeword,
        "after": after,
        "at": instant(at),
    }


def issue(*, tenant: str, copy: str, artefact: str, method: str, at: datetime) -> dict[str, Any]:
    """A copy was issued as this file."""
    return {"tenant": tenant, "copy": copy, "artefact": artefact, "method": method, "at": instant(at)}


def verdict(
    *,
    tenant: str,
    case: str,
    release: str,
    salt: bytes,
    suspect: str,
    observation: str,
    verdict: str,
    summary: str,
    at: datetime,
) -> dict[str, Any]:
    """A case was decided; the summary can be shown without the other devices (`registry.log.disclosure`)."""
    return {
        "tenant": tenant,
        "case": case,
        "release": release,
        "suspect": salted(opening_salt(salt, "suspect"), "suspect", suspect.encode()),
        "observation": observation,
        "verdict": verdict,
        "summary": summary,
        "at": instant(at),
    }


def verdict_first_form(
    *, tenant: str, case: str, release: str, salt: bytes, suspect: str, observation: str, verdict: str, at: datetime
) -> dict[str, Any]:
    """A case was decided, as entries said it until they had a summary; the suspect's salt was the case's own.

    Nobody writes it any more. A log may begin with such verdicts; after the first one with a summary there are none.
    """
    return {
        "tenant": tenant,
        "case": case,
        "release": release,
        "suspect": salted(salt, "suspect", suspect.encode()),
        "observation": observation,
        "verdict": verdict,
        "at": instant(at),
    }


def is_first_form(kind: EntryKind, fields: Mapping[str, Any]) -> bool:
    """Whether an entry is a verdict of the form without a summary."""
    return kind is EntryKind.VERDICT and "summary" not in fields
