"""Legal holds and retention: what is held cannot be forgotten; what nobody holds is forgotten in time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from registry.errors import (
    AlreadyLifted,
    DeviceForgotten,
    HoldTampered,
    MalformedName,
    MalformedValue,
    NotFound,
    UnderHold,
    UnknownCase,
    UnknownCopy,
    UnknownDevice,
    UnknownHold,
)
from registry.log import entries
from registry.records import EntryKind, Held, RecordedVerdict, Scope

ON_EVERY_DATABASE = True

LATER = "'2030-01-01 00:00:00.000000'"


def subject_of(filled: Any, decided: RecordedVerdict, held: str) -> str:
    """Something of the kind that rests on `pump 1`."""
    return {"device": "pump 1", "copy": filled.reservations[1].copy_id, "case": decided.case_id}[held]


@pytest.mark.parametrize("held", Held)
def test_what_is_held_is_not_forgotten(filled: Any, decided: RecordedVerdict, held: Held) -> None:
    """While the hold is in force the device stays; once it is lifted it may go. Both stand in the log."""
    with filled.store.unit() as registry:
        hold = registry.place_hold(filled.tenant, held, subject_of(filled, decided, held), reason="Case 7")
    with filled.store.unit() as registry:
        with pytest.raises(UnderHold, match=hold.id):
            registry.forget_device(filled.tenant, "pump 1")
        assert registry.device(filled.tenant, "pump 1").name == "pump 1"
        assert registry.holds(filled.tenant).items == (hold,)
        lifted = registry.lift_hold(filled.tenant, hold.id)
    with filled.store.unit() as registry:
        assert registry.holds(filled.tenant).items == (lifted,)
        registry.forget_device(filled.tenant, "pump 1")
        kind, fields = entries.decode(registry.entry(hold.entry_index).data)
    assert (kind, fields["held"], fields["subject"]) == (EntryKind.HOLD, held, hold.subject)
    report = filled.store.audit()
    assert (report.entries["hold"], report.entries["lifting"]) == (1, 1)


@pytest.mark.parametrize(("held", "free"), [("device", True), ("copy", True), ("case", False)])
def test_a_hold_reaches_as_far_as_its_subject_rests(
    filled: Any, decided: RecordedVerdict, enrol: Any, held: str, free: bool
) -> None:
    """A device or copy keeps its own device; a case keeps every device with a copy of its release, and no other."""
    enrol(filled.tenant, "without a copy")
    with filled.store.unit() as registry:
        registry.place_hold(filled.tenant, held, subject_of(filled, decided, held), reason="Case 7")
        registry.forget_device(filled.tenant, "without a copy")
        if free:
            assert registry.forget_device(filled.tenant, "pump 0").forgotten
        else:
            with pytest.raises(UnderHold):
                registry.forget_device(filled.tenant, "pump 0")


def test_bad_holds_change_nothing(filled: Any) -> None:
    """Unknown subjects, kinds, reasons and holds, and another tenant's, each have their own error."""
    size = filled.store.audit().size
    with filled.store.unit() as registry:
        stranger = registry.create_tenant("stranger").id
    with filled.store.unit() as registry:
        for held, subject, error in (
            ("device", "nobody", UnknownDevice),
            ("device", "\x00", UnknownDevice),
            ("copy", "0" * 32, UnknownCopy),
            ("case", "0" * 32, UnknownCase),
            ("tenant", "acme", MalformedValue),
        ):
            with pytest.raises(error):
                registry.place_hold(filled.tenant, held, subject, reason="Case 7")
        with pytest.raises(MalformedName):
            registry.place_hold(filled.tenant, "device", "pump 0", reason="")
        with pytest.raises(NotFound):
            registry.place_hold(stranger, "device", "pump 0", reason="Case 7")
        with pytest.raises(UnknownHold):
            registry.lift_hold(filled.tenant, "\x00")
    assert filled.store.audit().size == size


def test_a_hold_is_lifted_once_and_by_its_tenant(filled: Any) -> None:
    """A second lifting is refused, and another tenant knows nothing of it."""
    with filled.store.unit() as registry:
        stranger = registry.create_tenant("stranger").id
        hold = registry.place_hold(filled.tenant, "device", "pump 0", reason="Case 7")
        with pytest.raises(UnknownHold):
            registry.lift_hold(stranger, hold.id)
        assert registry.holds(stranger).items == ()
        registry.lift_hold(filled.tenant, hold.id)
        with pytest.raises(AlreadyLifted):
            registry.lift_hold(filled.tenant, hold.id)


def test_holds_are_paged(filled: Any) -> None:
    """Every hold is on exactly one page."""
    with filled.store.unit() as registry:
        placed = {registry.place_hold(filled.tenant, "device", "pump 0", reason=f"Case {n}").id for n in range(5)}
        found, after = [], None
        while True:
            page = registry.holds(filled.tenant, after=after, limit=2)
            found += [hold.id for hold in page.items]
            if (after := page.next) is None:
                break
    assert found == sorted(placed)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE legal_hold SET reason = 'another' WHERE lifted_at IS NULL",
        "UPDATE legal_hold SET salt = zeroblob(32)",
        "UPDATE legal_hold SET device_pk = (SELECT id FROM device WHERE name = 'pump 2')",
        "UPDATE legal_hold SET copy_pk = (SELECT id FROM copy LIMIT 1), device_pk = NULL",
        "UPDATE legal_hold SET device_pk = NULL",
        f"UPDATE legal_hold SET placed_at = {LATER}",
        "UPDATE legal_hold SET lifted_at = NULL, lifting_index = NULL",
        f"UPDATE legal_hold SET lifted_at = {LATER} WHERE lifted_at IS NOT NULL",
        f"UPDATE legal_hold SET lifted_at = {LATER}, lifting_index = 0 WHERE lifted_at IS NULL",
        "DELETE FROM legal_hold WHERE lifted_at IS NULL",
    ],
)
def test_an_edited_hold_is_found(filled: Any, raw_update: Callable[..., None], statement: str) -> None:
    """A hold that was moved, reworded, lifted or deleted behind the registry's back fails the audit."""
    with filled.store.unit() as registry:
        registry.place_hold(filled.tenant, "device", "pump 0", reason="Case 7")
        ended = registry.place_hold(filled.tenant, "device", "pump 1", reason="Case 8")
        registry.lift_hold(filled.tenant, ended.id)
    raw_update(statement)
    with pytest.raises(HoldTampered):
        filled.store.audit()


def test_retention_forgets_what_was_revoked_and_is_not_held(filled: Any, clock: Any) -> None:
    """Devices in good standing, held ones and those revoked lately stay; a rehearsal changes nothing."""
    with filled.store.unit() as registry:
        for name in ("pump 0", "pump 1"):
            registry.revoke_device(filled.tenant, name)
        registry.place_hold(filled.tenant, "device", "pump 1", reason="Case 7")
        key = registry.create_api_key(filled.tenant, "Ada Lovelace", {Scope.AUDIT})
        registry.create_api_key(filled.tenant, "in use", {Scope.AUDIT})
        registry.revoke_api_key(filled.tenant, key.id)
    clock.now += timedelta(days=400)
    cutoff = clock.now - timedelta(days=365)
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 2")
        rehearsed = registry.apply_retention(filled.tenant, cutoff, rehearse=True)
        assert [device.name for device in rehearsed.forgotten] == ["pump 0"]
        assert len(registry.api_keys(filled.tenant)) == 2
    with filled.store.unit() as registry:
        done = registry.apply_retention(filled.tenant, cutoff)
    assert [device.id for device in done.forgotten] == [filled.devices[0].id]
    assert [device.name for device in done.held] == ["pump 1"]
    assert [each.name for each in done.api_keys] == ["Ada Lovelace"]
    with filled.store.unit() as registry:
        assert registry.device(filled.tenant, "pump 2").revoked_at
        assert [each.name for each in registry.api_keys(filled.tenant)] == ["in use"]
        assert registry.apply_retention(filled.tenant, cutoff).forgotten == ()
        with pytest.raises(DeviceForgotten):
            registry.forget_device(filled.tenant, done.forgotten[0].name)
        for wrong in (clock.now + timedelta(days=1), clock.now.replace(tzinfo=None)):
            with pytest.raises(MalformedValue):
                registry.apply_retention(filled.tenant, wrong)
    assert filled.store.audit().entries["erasure"] == 1
