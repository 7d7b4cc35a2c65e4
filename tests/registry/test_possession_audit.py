"""The audit of re-enrolments and proofs of possession: what was edited behind the registry's back is found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fingerprint import canonical, possession
from registry.errors import DeviceTampered, PossessionTampered, RowTampered
from registry.proving import prove_possession
from registry.store import Store

OTHER = "sha256:" + "9" * 64
KEY = b"another device's key"
LATER = "'2030-01-01 00:00:00.000000'"
EDITS = [
    ("UPDATE device SET possession_key = NULL, possession_digest = NULL WHERE name = 'pump 1'", DeviceTampered),
    ("UPDATE device SET possession_key = zeroblob(32) WHERE name = 'pump 1'", DeviceTampered),
    (f"UPDATE device SET possession_digest = '{OTHER}' WHERE name = 'pump 1'", DeviceTampered),
    (
        (
            "UPDATE device SET (possession_key, possession_digest) = (SELECT possession_key, possession_digest"
            " FROM device WHERE name = 'pump 2') WHERE name = 'pump 1'"
        ),
        DeviceTampered,
    ),
    ("UPDATE reenrolment SET helper_data = x'00'", DeviceTampered),
    (f"UPDATE reenrolment SET helper_digest = '{OTHER}'", DeviceTampered),
    ("UPDATE reenrolment SET identity = '00'", DeviceTampered),
    ("UPDATE reenrolment SET possession_key = zeroblob(32)", DeviceTampered),
    ("UPDATE reenrolment SET possession_key = NULL, possession_digest = NULL", DeviceTampered),
    ("UPDATE reenrolment SET generation = 2", DeviceTampered),
    (f"UPDATE reenrolment SET reenrolled_at = {LATER}", DeviceTampered),
    ("UPDATE reenrolment SET device_pk = (SELECT id FROM device WHERE name = 'pump 2')", DeviceTampered),
    ("UPDATE reenrolment SET entry_index = 0", DeviceTampered),
    ("DELETE FROM reenrolment", PossessionTampered),  # found first: the next row was judged by its key
    ("UPDATE possession SET outcome = 'proven' WHERE outcome = 'altered'", PossessionTampered),
    ("UPDATE possession SET outcome = 'altered' WHERE outcome = 'proven'", PossessionTampered),
    (f"UPDATE possession SET key_digest = '{OTHER}'", PossessionTampered),
    (f"UPDATE possession SET signature_digest = '{OTHER}'", PossessionTampered),
    (f"UPDATE possession SET challenge_digest = '{OTHER}'", PossessionTampered),
    ("UPDATE possession SET enrolment_index = 1 WHERE outcome = 'proven'", PossessionTampered),
    (f"UPDATE possession SET recorded_at = {LATER}", PossessionTampered),
    ("UPDATE possession SET entry_index = 0 WHERE outcome = 'proven'", PossessionTampered),
    ("DELETE FROM possession WHERE outcome = 'proven'", PossessionTampered),
    ("DELETE FROM challenge", PossessionTampered),
    ("UPDATE challenge SET used_at = NULL", PossessionTampered),
    ("UPDATE challenge SET message = x'00'", PossessionTampered),
    ("UPDATE challenge SET message = replace(message, 'raid', 'walk')", PossessionTampered),
    ("UPDATE challenge SET public_key = zeroblob(32)", PossessionTampered),
    ("UPDATE challenge SET public_key = NULL", PossessionTampered),
    ("UPDATE challenge SET signature = zeroblob(64)", PossessionTampered),
    ("UPDATE challenge SET signature = NULL", PossessionTampered),
    ("UPDATE challenge SET device_pk = (SELECT id FROM device WHERE name = 'pump 2')", PossessionTampered),
]


@pytest.fixture
def proven(filled: Any) -> Store:
    """A registry in which `pump 0` was enrolled again, has proven itself, and another proof did not hold."""
    store: Store = filled.store
    with store.unit() as registry:
        registry.reenroll_device(
            filled.tenant,
            "pump 0",
            helper_data=b"newer",
            identity="cd" * 32,
            possession_key=possession.public_key(KEY),
        )
    for signature in (None, bytes(64)):
        with store.unit() as registry:
            asked = registry.open_challenge(filled.tenant, "pump 0", purpose="raid", seconds=60)
        good = possession.sign(KEY, possession.Challenge.from_bytes(asked.message))
        try:
            prove_possession(
                store, filled.tenant, asked.id, public_key=possession.public_key(KEY), signature=signature or good
            )
        except Exception:  # noqa: BLE001 - the second one is refused, which is recorded as well
            assert signature
    return store


def test_an_honest_registry_passes(proven: Store) -> None:
    """Both outcomes are counted, and each was judged again."""
    report = proven.audit()
    assert (report.entries["possession"], report.entries["re-enrolment"]) == (2, 1)


@pytest.mark.parametrize(("statement", "error"), EDITS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_edit_is_found(
    proven: Store, raw_update: Callable[..., None], statement: str, error: type[RowTampered]
) -> None:
    """With the guards dropped and one edit made by raw SQL, the audit raises that edit's own error."""
    raw_update(statement)
    with pytest.raises(RowTampered) as found:
        proven.audit()
    assert type(found.value) is error, found.value


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reenrolment SET helper_data = x'00'",
        "UPDATE reenrolment SET possession_key = zeroblob(32)",
        "UPDATE device SET possession_key = zeroblob(32) WHERE name LIKE 'forgotten%'",
        "UPDATE challenge SET message = x'00'",
        "UPDATE challenge SET public_key = zeroblob(32), signature = zeroblob(64)",
    ],
)
def test_nothing_is_left_of_a_forgotten_device(
    filled: Any, proven: Store, raw_update: Callable[..., None], statement: str
) -> None:
    """A key, helper data or answer that comes back after the erasure is found."""
    with proven.unit() as registry:
        registry.forget_device(filled.tenant, "pump 0")
    proven.audit()
    raw_update(statement)
    with pytest.raises(RowTampered, match="forgotten"):
        proven.audit()


def test_what_it_was_asked_leaves_the_file(
    filled: Any, proven: Store, data_dir: Path, raw_update: Callable[..., None]
) -> None:
    """Purpose, public keys and signatures of a forgotten device are in no byte of the database."""
    public = possession.public_key(KEY)

    def file() -> bytes:
        raw_update("PRAGMA wal_checkpoint(TRUNCATE)")
        return b"".join(path.read_bytes() for path in data_dir.glob("registry.db*"))

    assert public in file()
    assert b"raid" in file()
    with proven.unit() as registry:
        registry.forget_device(filled.tenant, "pump 0")
    left = file()
    assert public not in left
    assert b"raid" not in left
    assert canonical.digest(public).encode() in left
