"""Devices: enrolment, listing, revocation, and nothing half-written."""

from collections.abc import Callable

import pytest

from fingerprint import canonical
from registry.errors import AlreadyRevoked, DuplicateName, MalformedValue, UnknownDevice, UnknownTenant
from registry.log import entries
from registry.records import Device, EntryKind, NewDevice
from registry.store import Store

GOOD = {"helper_data": b"helper", "identity": "ab" * 32, "codeword_key": bytes(32)}


def test_an_enrolment_is_what_the_log_says(store: Store, tenant: str, enrol: Callable[..., Device]) -> None:
    """The device's entry holds its ids and digests, and not its name."""
    device = enrol(tenant, "pump 7")
    with store.reading() as registry:
        assert registry.device(tenant, "pump 7") == device
        helper_data = registry.helper_data(tenant, "pump 7")
        kind, fields = entries.decode(registry.entry(device.entry_index).data)
    assert canonical.digest(helper_data) == device.helper_digest == fields["helper_data"]
    assert (kind, fields["tenant"], fields["device"]) == (EntryKind.ENROLMENT, tenant, device.id)
    assert "pump 7" not in str(fields)


@pytest.mark.parametrize(
    "wrong",
    [
        {"helper_data": b""},
        {"helper_data": bytes((1 << 20) + 1)},
        {"identity": ""},
        {"identity": "AB" * 32},
        {"identity": "ab" * 32 + "\n"},
        {"codeword_key": bytes(31)},
        {"codeword_key": bytes(33)},
    ],
)
def test_malformed_enrolments_change_nothing(store: Store, tenant: str, wrong: dict[str, object]) -> None:
    """Helper data, identity or key out of form is refused before anything is written."""
    with store.unit() as registry:
        with pytest.raises(MalformedValue):
            registry.enroll_device(tenant, "pump", **{**GOOD, **wrong})  # type: ignore[arg-type]  # built from parts
        assert registry.enrolled(tenant) == 0
    assert store.audit().size == 0


def test_many_are_enrolled_at_once(store: Store, tenant: str) -> None:
    """Each has the entry that it would have had alone, in the order given; the audit agrees."""
    new = [NewDevice(name=f"pump {number}", **GOOD) for number in range(1203)]  # type: ignore[arg-type]  # as above
    with store.unit() as registry:
        made = registry.enroll_devices(tenant, new)
    assert [device.name for device in made] == [each.name for each in new]
    assert [device.entry_index for device in made] == list(range(1203))
    assert len({device.id for device in made}) == 1203
    report = store.audit()
    assert (report.entries, report.opened, report.checkpoints) == ({"enrolment": 1203}, 1203, 2)


@pytest.mark.parametrize("taken", ["pump 3", "before"])
def test_many_are_enrolled_or_none(store: Store, tenant: str, enrol: Callable[..., Device], taken: str) -> None:
    """A name that comes twice, or is taken already, refuses all of them."""
    enrol(tenant, "before")
    names = [*(f"pump {number}" for number in range(9)), taken]
    with store.unit() as registry:
        with pytest.raises(DuplicateName, match=taken):
            registry.enroll_devices(tenant, [NewDevice(name=name, **GOOD) for name in names])  # type: ignore[arg-type]
        assert registry.enroll_devices(tenant, []) == ()
    assert store.audit().size == 1


def test_a_taken_name_changes_nothing(store: Store, tenant: str, enrol: Callable[..., Device]) -> None:
    """A second device of one name is refused; the first is as it was, and so is the log."""
    device = enrol(tenant, "pump")
    with pytest.raises(DuplicateName, match="pump"), store.unit() as registry:
        registry.enroll_device(tenant, "pump", helper_data=b"h", identity="cd" * 32, codeword_key=bytes(32))
    with store.reading() as registry:
        assert registry.device(tenant, "pump") == device
    assert store.audit().entries == {"enrolment": 1}


def test_an_unknown_tenant_changes_nothing(store: Store) -> None:
    """Enrolment for a tenant that does not exist is refused."""
    with store.unit() as registry, pytest.raises(UnknownTenant):
        registry.enroll_device("0" * 32, "pump", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
    assert store.audit().size == 0


def test_pages_follow_each_other(store: Store, tenant: str, enrol: Callable[..., Device]) -> None:
    """Pages in the order of names, without gap or repetition, until there is no next one."""
    names = [f"pump {letter}" for letter in "edcba"]
    for name in names:
        enrol(tenant, name)
    found, after = [], None
    with store.reading() as registry:
        for _ in range(3):
            page = registry.devices(tenant, after=after, limit=2)
            found += [device.name for device in page.items]
            after = page.next
        assert after is None
        assert found == sorted(names)
        assert registry.devices(tenant, limit=5).next is None
        assert registry.enrolled(tenant) == 5


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_limits(store: Store, tenant: str, limit: int) -> None:
    """A page outside 1..1000 items is refused."""
    with store.reading() as registry:
        for listing in (registry.devices, registry.releases, registry.cases, registry.copies):
            with pytest.raises(MalformedValue, match="1 to 1000"):
                listing(tenant, limit=limit)


def test_revocation(store: Store, tenant: str, enrol: Callable[..., Device]) -> None:
    """A revoked device stays known, with its revocation in the log; it is revoked once."""
    enrol(tenant, "pump")
    with store.unit() as registry:
        revoked = registry.revoke_device(tenant, "pump")
    with store.reading() as registry:
        assert registry.device(tenant, "pump") == revoked
        assert revoked.revocation_index is not None
        kind, fields = entries.decode(registry.entry(revoked.revocation_index).data)
    assert revoked.revoked_at is not None
    assert (kind, fields["device"], fields["at"]) == (
        EntryKind.REVOCATION,
        revoked.id,
        entries.instant(revoked.revoked_at),
    )
    with pytest.raises(AlreadyRevoked), store.unit() as registry:
        registry.revoke_device(tenant, "pump")
    assert store.audit().entries == {"enrolment": 1, "revocation": 1}


@pytest.mark.parametrize("name", ["nobody", "", "\x00", "\ud800", "x" * 5000, "' OR 1=1 --"])
def test_unknown_devices(store: Store, tenant: str, name: str) -> None:
    """A name that no device has is unknown, whatever it is made of."""
    with store.unit() as registry:
        for use in (registry.device, registry.helper_data, registry.revoke_device):
            with pytest.raises(UnknownDevice):
                use(tenant, name)
