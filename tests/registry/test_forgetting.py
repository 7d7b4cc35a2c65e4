"""Forgetting a device: its secrets are gone for good, the log is intact, and nobody can pretend to have forgotten."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.errors import DeviceForgotten, DeviceTampered, DuplicateName, UnknownDevice
from registry.log import entries
from registry.records import EntryKind, RecordedVerdict
from registry.verification import verify_case


def test_a_forgotten_device_leaves_the_log_intact(filled: Any) -> None:
    """The row keeps ids, times and digests; the log gains an entry; the audit passes with less to open."""
    with filled.store.unit() as registry:
        forgotten = registry.forget_device(filled.tenant, "pump 1")
    assert forgotten.forgotten
    assert forgotten.id == filled.devices[1].id
    assert "pump 1" not in forgotten.name
    with filled.store.reading() as registry:
        with pytest.raises(UnknownDevice):
            registry.device(filled.tenant, "pump 1")
        assert registry.device(filled.tenant, forgotten.name) == forgotten
        kind, fields = entries.decode(registry.entry(8).data)
    assert (kind, fields["device"]) == (EntryKind.ERASURE, forgotten.id)
    report = filled.store.audit()
    assert report.entries["erasure"] == 1
    assert report.opened == 2 + 2 + 1


def test_its_copies_are_no_hypotheses_any_more(filled: Any) -> None:
    """Codewords of a forgotten device cannot be derived, and the others still can; it still counts as a test."""
    with filled.store.unit() as registry:
        registry.forget_device(filled.tenant, "pump 1")
        assert registry.candidates(filled.tenant, "v1").devices == (filled.devices[0].id, filled.devices[2].id)
        assert registry.enrolled(filled.tenant) == 3


def test_copies_that_were_forgotten_still_count(filled: Any, answers: Any) -> None:
    """Whoever reserves many copies and forgets all but one has tried them all, and the verdict says so."""
    with filled.store.unit() as registry:
        for _ in range(4):
            registry.reserve_copy(filled.tenant, "v1", "pump 1")
    with filled.store.unit() as registry:
        registry.forget_device(filled.tenant, "pump 1")
        case = registry.open_case(filled.tenant, "v1", suspect="x")
    with filled.store.unit() as registry:
        verdict = verify_case(registry, filled.tenant, case.id, kind="logits", answers=answers).verdict
        assert registry.reserved(filled.tenant, "v1") == verdict.devices == 7
    assert len(verdict.ranked) == 2


def test_nothing_can_be_done_with_it(filled: Any) -> None:
    """It receives no copies, is not forgotten twice, and its place-holder name is nobody's to take."""
    with filled.store.unit() as registry:
        name = registry.forget_device(filled.tenant, "pump 1").name
        with pytest.raises(DeviceForgotten):
            registry.forget_device(filled.tenant, name)
        with pytest.raises(DeviceForgotten):
            registry.reserve_copy(filled.tenant, "v1", name)
        with pytest.raises(DeviceForgotten):
            registry.issue_copy(
                filled.tenant, filled.reservations[1].copy_id, artefact_digest="sha256:" + "b" * 64, method="minted"
            )
        with pytest.raises(DuplicateName):
            registry.enroll_device(
                filled.tenant, "pump 0", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32)
            )
        registry.enroll_device(filled.tenant, "pump 1", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))


def test_a_device_decided_about_can_be_forgotten(filled: Any, decided: RecordedVerdict) -> None:
    """A verdict that was recorded stands, says what the device is called now, and the audit still passes."""
    with filled.store.unit() as registry:
        forgotten = registry.forget_device(filled.tenant, "pump 0")
    with filled.store.reading() as registry:
        found = registry.verdict(filled.tenant, decided.case_id)
    assert found == dataclasses.replace(decided, names={**decided.names, forgotten.id: forgotten.name})
    filled.store.audit()


def test_its_name_and_secrets_leave_the_file(
    filled: Any, decided: RecordedVerdict, data_dir: Path, raw_update: Callable[..., None]
) -> None:
    """Once the journal is folded in, no byte of its name or helper data is left, in a verdict about it either."""
    with filled.store.unit() as registry:
        registry.forget_device(filled.tenant, "pump 1")
    raw_update("PRAGMA wal_checkpoint(TRUNCATE)")
    data = b"".join(path.read_bytes() for path in data_dir.glob("registry.db*"))
    assert b"helper data of pump 0" in data
    assert b"pump 1" not in data


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE device SET data_key = NULL WHERE name = 'pump 0'",
        "UPDATE device SET name = 'pump 1' WHERE name LIKE 'forgotten%'",
        "UPDATE device SET helper_data = x'00' WHERE name LIKE 'forgotten%'",
        "UPDATE device SET helper_digest = 'sha256:0' WHERE name LIKE 'forgotten%'",
        "UPDATE device SET identity = '00' WHERE name LIKE 'forgotten%'",
        "UPDATE device SET data_key = (SELECT data_key FROM device WHERE name = 'pump 0') WHERE name LIKE 'forgotten%'",
        "UPDATE erasure SET erased_at = '2030-01-01 00:00:00.000000'",
        "UPDATE erasure SET device_pk = (SELECT id FROM device WHERE name = 'pump 0')",
        "DELETE FROM erasure",
        "INSERT INTO erasure SELECT tenant_id, id, enrolled_at, 0 FROM device WHERE name = 'pump 0'",
    ],
)
def test_nobody_can_pretend_to_have_forgotten(filled: Any, raw_update: Callable[..., None], statement: str) -> None:
    """A key destroyed without an erasure, an erasure without its entry, or something left of a device is found."""
    with filled.store.unit() as registry:
        registry.forget_device(filled.tenant, "pump 1")
    raw_update(statement)
    with pytest.raises(DeviceTampered):
        filled.store.audit()
