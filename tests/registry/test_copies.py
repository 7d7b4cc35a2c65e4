"""Copies: the nonce after the commitment, the codeword from the nonce, the issue once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fingerprint import canonical, codeword, seeds
from fingerprint.pack import VerifierPack
from registry.errors import (
    AlreadyIssued,
    DeviceRevoked,
    MalformedDigest,
    MalformedValue,
    NotCommitted,
    UnknownCopy,
    UnknownDevice,
)
from registry.log import entries
from registry.records import Device, EntryKind, Method, Scope
from registry.store import Store

ON_EVERY_DATABASE = True

DIGEST = "sha256:" + "b" * 64


def test_no_nonce_before_the_commitment_is_signed(
    store: Store, tenant: str, pack: VerifierPack, enrol: Callable[..., Device]
) -> None:
    """In the unit that commits a release no copy of it can be reserved; in the next one it can."""
    enrol(tenant, "pump")
    with store.unit() as registry:
        release = registry.commit_release(tenant, "v1", pack=pack.to_bytes())
        with pytest.raises(NotCommitted, match="entry 1"):
            registry.reserve_copy(tenant, "v1", "pump")
        assert registry.copies(tenant).items == ()
    with store.unit() as registry:
        reservation = registry.reserve_copy(tenant, "v1", "pump")
        _, fields = entries.decode(registry.entry(reservation.entry_index).data)
    assert release.entry_index < fields["after"] <= reservation.entry_index


def test_a_codeword_is_derived_and_committed_to(filled: Any) -> None:
    """The reservation's codeword is the one that key, release and nonce give, and the log commits to it."""
    for device, reservation in zip(filled.devices, filled.reservations, strict=True):
        key = seeds.xof(b"k" * 32, "device", device.name, length=32)
        expected = codeword.derive(
            key, release=filled.release.release_id, nonce=reservation.nonce, length=filled.release.bits
        )
        assert np.array_equal(reservation.codeword, expected)
        with filled.store.reading() as registry:
            kind, fields = entries.decode(registry.entry(reservation.entry_index).data)
        salt = entries.codeword_salt(key, reservation.copy_id)
        assert kind is EntryKind.RESERVATION
        assert fields["nonce"] == canonical.digest(reservation.nonce)
        assert fields["codeword"] == entries.codeword_commitment(salt, codeword.pack_bits(expected))


def test_two_copies_of_one_device_differ(filled: Any) -> None:
    """Each reservation draws its own nonce, so two copies for one device have different codewords."""
    with filled.store.unit() as registry:
        again = registry.reserve_copy(filled.tenant, "v1", filled.devices[0].name)
    first = filled.reservations[0]
    assert again.nonce != first.nonce
    assert not np.array_equal(again.codeword, first.codeword)
    assert "codeword" not in repr(again)


def test_candidates_are_every_reserved_copy(filled: Any) -> None:
    """All reserved copies, issued or not, of revoked devices too, each with its codeword, in order."""
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, filled.devices[1].name)
    with filled.store.reading() as registry:
        candidates = registry.candidates(filled.tenant, "v1")
    assert candidates.release == filled.release.release_id
    assert candidates.devices == tuple(device.id for device in filled.devices)
    assert candidates.copies == tuple(each.copy_id for each in filled.reservations)
    assert np.array_equal(candidates.codewords, np.stack([each.codeword for each in filled.reservations]))


def test_a_release_without_copies_has_no_candidates(store: Store, tenant: str, pack: VerifierPack) -> None:
    """No copies make an empty matrix of the right width."""
    with store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=pack.to_bytes())
        candidates = registry.candidates(tenant, "v1")
    assert candidates.codewords.shape == (0, pack.bits)


def test_an_issue_is_recorded_once(filled: Any) -> None:
    """An issued copy holds digest, method and time, as the log does; a second issue changes nothing."""
    reservation = filled.reservations[1]
    with filled.store.unit() as registry:
        issued = registry.issue_copy(filled.tenant, reservation.copy_id, artefact_digest=DIGEST, method="distilled")
    with filled.store.reading() as registry:
        assert registry.copy(filled.tenant, reservation.copy_id) == issued
        assert registry.copies_of_artefact(filled.tenant, DIGEST).items == (issued,)
        assert issued.entry_index is not None
        kind, fields = entries.decode(registry.entry(issued.entry_index).data)
    assert (kind, fields["artefact"], fields["method"]) == (EntryKind.ISSUE, DIGEST, "distilled")
    with pytest.raises(AlreadyIssued), filled.store.unit() as registry:
        registry.issue_copy(
            filled.tenant, reservation.copy_id, artefact_digest="sha256:" + "c" * 64, method=Method.MINTED
        )
    with filled.store.reading() as registry:
        assert registry.copy(filled.tenant, reservation.copy_id) == issued
    assert filled.store.audit().entries["issue"] == 2


@pytest.mark.parametrize(
    "digest", ["", "sha256:", "b" * 64, "sha256:" + "B" * 64, "sha512:" + "b" * 64, DIGEST + "\n", DIGEST[:-1]]
)
def test_malformed_digests_change_nothing(filled: Any, digest: str) -> None:
    """An artefact digest out of form is refused, and the copy is as it was."""
    copy_id = filled.reservations[1].copy_id
    with filled.store.unit() as registry:
        with pytest.raises(MalformedDigest):
            registry.issue_copy(filled.tenant, copy_id, artefact_digest=digest, method="minted")
        with pytest.raises(MalformedDigest):
            registry.copies_of_artefact(filled.tenant, digest)
    with filled.store.reading() as registry:
        assert registry.copy(filled.tenant, copy_id).issued_at is None


def test_an_unknown_method_changes_nothing(filled: Any) -> None:
    """A way of making copies that nobody defined is refused, naming those that are."""
    copy_id = filled.reservations[1].copy_id
    with filled.store.unit() as registry, pytest.raises(MalformedValue, match="distilled, minted"):
        registry.issue_copy(filled.tenant, copy_id, artefact_digest=DIGEST, method="stolen")
    assert filled.store.audit().entries["issue"] == 1


def test_unknown_copies(filled: Any) -> None:
    """An id that no copy has is unknown."""
    with filled.store.unit() as registry:
        with pytest.raises(UnknownCopy):
            registry.copy(filled.tenant, "0" * 32)
        with pytest.raises(UnknownCopy):
            registry.issue_copy(filled.tenant, "\x00", artefact_digest=DIGEST, method="minted")
        with pytest.raises(UnknownDevice):
            registry.reserve_copy(filled.tenant, "v1", "nobody")


def test_a_revoked_device_receives_nothing(filled: Any) -> None:
    """After its revocation a device is refused a reservation, and the issue of a copy reserved before."""
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 1")
    with filled.store.unit() as registry:
        with pytest.raises(DeviceRevoked):
            registry.reserve_copy(filled.tenant, "v1", "pump 1")
        with pytest.raises(DeviceRevoked):
            registry.issue_copy(filled.tenant, filled.reservations[1].copy_id, artefact_digest=DIGEST, method="minted")
    assert filled.store.audit().rows["copies"] == 3


def test_pages_follow_each_other(filled: Any) -> None:
    """Copies come in the order of reservation, of one release or of all."""
    with filled.store.reading() as registry:
        first = registry.copies(filled.tenant, "v1", limit=2)
        second = registry.copies(filled.tenant, after=first.next, limit=2)
        assert [copy.id for copy in (*first.items, *second.items)] == [each.copy_id for each in filled.reservations]
        assert second.next is None
        for cursor in ("", "x", "-1", "1.5", "9" * 19, "9" * 30, "٣"):
            with pytest.raises(MalformedValue, match="next"):
                registry.copies(filled.tenant, after=cursor)
            with pytest.raises(MalformedValue, match="next"):
                registry.copies_of_artefact(filled.tenant, DIGEST, after=cursor)


def test_copies_of_one_file_come_in_pages(filled: Any) -> None:
    """However many devices received the same file, in the order of their reservation, and no copy of another file."""
    with filled.store.unit() as registry:
        reserved = [registry.reserve_copy(filled.tenant, "v1", "pump 1").copy_id for _ in range(4)]
        for copy_id in reversed(reserved[:3]):
            registry.issue_copy(filled.tenant, copy_id, artefact_digest=DIGEST, method="minted")
        registry.issue_copy(filled.tenant, reserved[3], artefact_digest="sha256:" + "e" * 64, method="minted")
    with filled.store.reading() as registry:
        first = registry.copies_of_artefact(filled.tenant, DIGEST, limit=2)
        second = registry.copies_of_artefact(filled.tenant, DIGEST, after=first.next, limit=2)
    assert [copy.id for copy in first.items] == reserved[:2]
    assert ([copy.id for copy in second.items], second.next) == (reserved[2:3], None)


def test_no_secret_is_in_the_files(filled: Any, data_dir: Path) -> None:
    """The raw bytes of database, journal and packs hold no codeword key, codeword, release key or API token."""
    with filled.store.unit() as registry:
        token = registry.create_api_key(filled.tenant, "k", set(Scope)).token
    keys = [seeds.xof(b"k" * 32, "device", device.name, length=32) for device in filled.devices]
    codewords = [codeword.pack_bits(each.codeword) for each in filled.reservations]
    signs = [each.codeword.tobytes() for each in filled.reservations]
    secrets = [token.encode(), *keys, *codewords, *signs, *(key.hex().encode() for key in keys)]
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"registry.db", "registry.db-wal", "log.key", "log.pub"}
    held = {path.name: path.read_bytes() for path in files}
    for secret in secrets:
        assert not [name for name, data in held.items() if secret in data]
    assert any(filled.devices[0].identity.encode() in data for data in held.values())
