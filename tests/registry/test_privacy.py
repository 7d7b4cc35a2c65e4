"""Nothing personal in the log: every entry holds random ids, digests, times and words of the product, and no names."""

import re
from datetime import timedelta
from typing import Any

import pytest

from fingerprint.possession import public_key
from registry.errors import PossessionProofAltered
from registry.log import entries
from registry.proving import prove_possession
from registry.records import EntryKind, Held, Method, Outcome, RecordedVerdict

ON_EVERY_DATABASE = True

VALUES = re.compile(
    r"[0-9a-f]{32}"  # a random id
    r"|sha256:[0-9a-f]{64}|hmac-sha256:[0-9a-f]{64}"  # a digest, a salted name
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"  # a time
)
IDENTITY = re.compile(r"[0-9a-f]{64}")  # a one-way hash
WORDS = {*Method, *Held, *Outcome}
NAMES = ("acme", "pump 0", "pump 1", "pump 2", "v1", "model on shop.example", "Ada Lovelace", "raid in Hagen")
SHORTEST = 4  # letters that do not come up in a digest by chance
KEY = public_key(bytes(32))


@pytest.fixture
def logged(filled: Any, decided: RecordedVerdict, clock: Any) -> list[bytes]:
    """Every entry of a log that has entries of every kind."""
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 2")
        registry.forget_device(filled.tenant, "pump 2")
        hold = registry.place_hold(filled.tenant, "case", decided.case_id, reason="Ada Lovelace against acme")
        registry.lift_hold(filled.tenant, hold.id)
        registry.reenroll_device(filled.tenant, "pump 0", helper_data=b"h", identity="ab" * 32, possession_key=KEY)
        clock.now += timedelta(days=400)
        registry.apply_retention(filled.tenant, clock.now)
        asked = registry.open_challenge(filled.tenant, "pump 0", purpose="raid in Hagen", seconds=60)
    with pytest.raises(PossessionProofAltered):
        prove_possession(filled.store, filled.tenant, asked.id, public_key=KEY, signature=bytes(64))
    with filled.store.reading() as registry:
        return [registry.entry(index).data for index in range(registry.checkpoint().size)]


def test_entries_hold_ids_digests_times_and_nothing_else(logged: list[bytes]) -> None:
    """Every text in every entry of every kind has one of those forms."""
    seen = set()
    for data in logged:
        kind, fields = entries.decode(data)
        seen.add(kind)
        for name, value in fields.items():
            known = VALUES.fullmatch(str(value)) or (name == "identity" and IDENTITY.fullmatch(value))
            assert known or value in WORDS or isinstance(value, int | float), (kind, name, value)
    assert seen == set(EntryKind)


def test_no_entry_holds_a_name(logged: list[bytes]) -> None:
    """The names of tenant, devices, release, suspect and people, and what was asked, are in no entry's bytes."""
    for data in logged:
        for name in NAMES:
            assert f'"{name}"'.encode() not in data
            assert len(name) < SHORTEST or name.encode() not in data
