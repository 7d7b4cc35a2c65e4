"""Nothing personal in the log: every entry holds random ids, digests, times and words of the product, and no names."""

import re
from typing import Any

from registry.log import entries
from registry.records import EntryKind, Held, Method, RecordedVerdict

ON_EVERY_DATABASE = True

VALUES = re.compile(
    r"[0-9a-f]{32}"  # a random id
    r"|sha256:[0-9a-f]{64}|hmac-sha256:[0-9a-f]{64}"  # a digest, a salted name
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"  # a time
)
IDENTITY = re.compile(r"[0-9a-f]{64}")  # a one-way hash
WORDS = {*Method, *Held}
CORE = {
    EntryKind.ENROLMENT,
    EntryKind.COMMITMENT,
    EntryKind.RESERVATION,
    EntryKind.ISSUE,
    EntryKind.VERDICT,
    EntryKind.REVOCATION,
    EntryKind.ERASURE,
    EntryKind.HOLD,
    EntryKind.LIFTING,
}


def test_entries_hold_ids_digests_times_and_nothing_else(filled: Any, decided: RecordedVerdict) -> None:
    """Every text in every entry has one of those forms."""
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 2")
        registry.forget_device(filled.tenant, "pump 2")
        hold = registry.place_hold(filled.tenant, "case", decided.case_id, reason="Ada Lovelace against acme")
        registry.lift_hold(filled.tenant, hold.id)
    seen = set()
    with filled.store.reading() as registry:
        for index in range(registry.checkpoint().size):
            kind, fields = entries.decode(registry.entry(index).data)
            seen.add(kind)
            for name, value in fields.items():
                known = VALUES.fullmatch(str(value)) or (name == "identity" and IDENTITY.fullmatch(value))
                assert known or value in WORDS or isinstance(value, int | float), (kind, name, value)
    assert seen >= CORE


def test_no_entry_holds_a_name(filled: Any, decided: RecordedVerdict) -> None:
    """The names of tenant, release, devices and suspect are in no entry's bytes."""
    names = ["acme", filled.release.name, decided.suspect, *(device.name for device in filled.devices)]
    with filled.store.reading() as registry:
        for index in range(registry.checkpoint().size):
            data = registry.entry(index).data
            assert not [
                name for name in names if f'"{name}"'.encode() in data or (len(name) > 3 and name.encode() in data)
            ]
