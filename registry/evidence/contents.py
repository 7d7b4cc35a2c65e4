"""What is in a pack: names of members and entries, and how fields of the statement are read."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from fingerprint.observation import Kind, Observation
from fingerprint.replay.looks import Plan
from fingerprint.replay.release import Release
from fingerprint.replay.rules import RULES
from fingerprint.verdict import Verdict
from registry.errors import MalformedEvidence, MalformedNote
from registry.log.note import decode_base64
from registry.records import EntryKind

STATEMENT = "evidence.dsse.json"
COMMITMENT_TAG = "countermark/release-commitment"
ANSWERS, EXCHANGES = "answers.observation", "exchanges.txt"
PACK, COMMITMENT = "release/verifier-pack.safetensors", "release/commitment.json"
SUMMARY, ROW = "verdict/summary.json", "verdict/row.json"
BEFORE_NONCE, GROWTH = "log/commitment-before-nonce.tlog-proof", "log/growth.txt"
ENVIRONMENT, ACQUISITION = "environment.json", "acquisition.jsonl"
ENTRIES = (EntryKind.ENROLMENT, EntryKind.COMMITMENT, EntryKind.RESERVATION, EntryKind.ISSUE, EntryKind.VERDICT)
ALWAYS = (EntryKind.ENROLMENT, EntryKind.COMMITMENT, EntryKind.RESERVATION, EntryKind.VERDICT)
ATTACHMENTS = ("report.html", "report.pdf", "read-me.txt")
REQUIRED = frozenset({ANSWERS, EXCHANGES, PACK, COMMITMENT, SUMMARY, ROW, BEFORE_NONCE, GROWTH, ENVIRONMENT})
_NUMBERED = re.compile(r"controls/[0-9]{1,3}\.(observation|entry|tlog-proof)|timestamps/[a-z]+\.(tsr|tlog-proof)")

DOES_NOT_SHOW = (
    "It does not show who leaked the copy, when or how, or whether its holder knew.",
    "It does not give the probability that the accused is innocent, only a bound on this score coming by accident.",
    "It rests on the answers being the suspect's: who asked, where and under what authority is not in the mathematics.",
    "The log shows that the nonce was drawn after the commitment; that it was drawn fairly is the registrar's word.",
    "The number of devices and the other devices' scores are the registrar's word; an audit of the log counts them.",
    "A device that is not named is not shown to be innocent: a signature can be removed, or never have been there.",
)


def entry_name(kind: EntryKind) -> str:
    """Member that holds an entry's bytes."""
    return f"log/{kind.value}.entry"


def proof_name(kind: EntryKind) -> str:
    """Member that holds the proof that an entry is in the log."""
    return f"log/{kind.value}.tlog-proof"


def is_known(name: str) -> bool:
    """Whether a pack can have a member of this name."""
    of_log = name in {each(kind) for kind in ENTRIES for each in (entry_name, proof_name)}
    return name in (*REQUIRED, *ATTACHMENTS, ACQUISITION) or of_log or _NUMBERED.fullmatch(name) is not None


def exchanges(release: Release, observation: Observation) -> bytes:
    """A line for each probe: number, SHA-256 of what was asked, SHA-256 of what was answered.

    What was asked is the probe's row, float32 little-endian; what was answered is the row in the answers' file.
    """
    wide = "<i8" if observation.kind is Kind.LABELS else "<f8"
    lines = [
        f"{number} {hashlib.sha256(asked.tobytes()).hexdigest()} {hashlib.sha256(said.tobytes()).hexdigest()}\n"
        for number, (asked, said) in enumerate(
            zip(release.probes.astype("<f4"), observation.values.astype(wide), strict=True)
        )
    ]
    return "".join(lines).encode()


def finding(verdict: Verdict) -> dict[str, Any]:
    """What the statement says of a verdict about one accused."""
    (row,) = verdict.ranked
    return {
        "named": row.named,
        "score": row.score,
        "pValue": row.p_value,
        "familyWiseP": row.family_wise_p,
        "threshold": verdict.threshold,
        "alpha": verdict.alpha,
        "devices": verdict.devices,
        "bits": verdict.bits,
        "probes": verdict.probes,
        "kind": verdict.kind,
        "scheme": verdict.scheme,
        "statistic": RULES[verdict.scheme].statistic,
        "bound": RULES[verdict.scheme].bound,
    }


def sequential(plan: Plan, look: int | None) -> dict[str, Any] | None:
    """What the statement says of the look that decided; null for one look at all probes at the whole alpha."""
    return None if look is None else {"look": look, "of": len(plan.looks), "plan": plan.digest}


def to_text(value: bytes) -> str:
    """Bytes in a field of the statement: base64."""
    return base64.b64encode(value).decode()


def text(fields: Mapping[str, Any], *path: str) -> str:
    """A text somewhere in the statement. Raises MalformedEvidence."""
    value = at(fields, *path)
    if not isinstance(value, str):
        raise MalformedEvidence(f"the statement's {'.'.join(path)} is not a text")
    return value


def whole(fields: Mapping[str, Any], *path: str) -> int:
    """A whole number somewhere in the statement. Raises MalformedEvidence."""
    value = at(fields, *path)
    if type(value) is not int:
        raise MalformedEvidence(f"the statement's {'.'.join(path)} is not a whole number")
    return value


def raw(fields: Mapping[str, Any], *path: str) -> bytes:
    """Bytes somewhere in the statement. Raises MalformedEvidence."""
    try:
        return decode_base64(text(fields, *path))
    except MalformedNote as error:
        raise MalformedEvidence(f"the statement's {'.'.join(path)} is {error}") from error


def at(fields: Mapping[str, Any], *path: str) -> Any:
    """Whatever is at a place in the statement. Raises MalformedEvidence."""
    found: Any = fields
    for name in path:
        if not isinstance(found, dict) or name not in found:
            raise MalformedEvidence(f"the statement has no {'.'.join(path)}")
        found = found[name]
    return found
