"""Showing an accused the verdict about it, and of the other devices nothing but how many rows they have.

    summary = canonical bytes of the verdict without its rows, and of a salted commitment to each row in their order
    commitment to a row = HMAC-SHA256(row salt, "countermark/verdict-row/v1" || 0x00 || canonical bytes of the row)

The log's verdict entry holds the summary's digest. A row's salt is made from the case's own and the copy's id, so that
disclosing one opens one row.
"""

from typing import Any

from fingerprint import canonical
from fingerprint.errors import ParameterError
from fingerprint.verdict import DeviceScore, Verdict
from registry.errors import ProofInvalid
from registry.log.entries import opening_salt, salted

SUMMARY_TAG, ROW_TAG = "countermark/verdict-summary", "countermark/verdict-row"
ROWS = "rows"


def row_salt(case_salt: bytes, copy: str) -> bytes:
    """The salt that opens the row of one copy, and no other."""
    return opening_salt(case_salt, "row " + copy)


def summary_bytes(verdict: Verdict, case_salt: bytes) -> bytes:
    """Canonical bytes of the verdict with a commitment in the place of each row."""
    fields = verdict.to_dict()
    del fields["ranked"]
    rows = [row_commitment(row_salt(case_salt, row.copy), row_bytes(row)) for row in verdict.ranked]
    return canonical.encode(SUMMARY_TAG, {**fields, ROWS: rows})


def row_bytes(row: DeviceScore) -> bytes:
    """Canonical bytes of one row."""
    return canonical.encode(ROW_TAG, {name: getattr(row, name) for name in DeviceScore.__slots__})


def row_commitment(salt: bytes, row: bytes) -> str:
    """What a summary says of a row."""
    return salted(salt, "countermark/verdict-row/v1", row)


def open_verdict(summary: bytes, *, row: bytes, salt: bytes) -> Verdict:
    """The verdict as one accused may see it: with its own row alone.

    Raises:
        fingerprint.errors.CanonicalMalformed: not the bytes of a summary, or of a row.
        ProofInvalid: a row that is not one of the summary's, or fields that no verdict has.
    """
    fields: dict[str, Any] = canonical.decode(SUMMARY_TAG, summary)
    own = canonical.decode(ROW_TAG, row)
    if row_commitment(salt, row) not in fields.pop(ROWS, []):
        raise ProofInvalid("the row is none of those that the verdict's summary commits to")
    try:
        return Verdict.from_dict({**fields, "ranked": [own]})
    except ParameterError as error:
        raise ProofInvalid(f"the summary is not that of a verdict: {error}") from error
