"""Devices and copies as the use-cases would have written them: rows, and the entries of the log that speak of them.

Every device has its own salt, helper data and sealed key, every copy its nonce and the commitment to its codeword, and
every entry is canonical: an audit accepts them. What the digests of copies' files stand for is made up.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fingerprint import canonical, codeword
from registry.log import entries
from registry.records import EntryKind, Method, Release
from registry.sealing import Sealer
from registry.usecases.devices import device_row

HELPER_BYTES = 400  # what an SRAM PUF of the default profile leaves, about
ENTRIES = 3  # of a device and its copy: enrolment, reservation, issue
FIRST = 1  # index of the first device's first entry; before it stands the release's commitment
_NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A device and its copy.

    Attributes:
        device: columns of the device's row.
        copy: columns of the copy's row.
        logged: the three entries, in the order of the log.
    """

    device: Mapping[str, Any]
    copy: Mapping[str, Any]
    logged: tuple[bytes, bytes, bytes]


def name_of(number: int) -> str:
    """Name of a device; names sort as numbers do."""
    return f"device {number:08d}"


def digest_of(number: int) -> str:
    """Digest of a copy's file."""
    return f"sha256:{number:064x}"


def make(sealer: Sealer, tenant: str, release: Release, number: int) -> Made:
    """The device of a number and its copy of the release, issued."""
    key, identifier = os.urandom(codeword.CODEWORD_KEY_BYTES), os.urandom(16).hex()
    device, enrolled = _device(sealer, tenant, identifier, key, number)
    copy, reserved, issued = _copy(tenant, release, identifier, key, number)
    return Made(device=device, copy=copy, logged=(enrolled, reserved, issued))


def _device(sealer: Sealer, tenant: str, identifier: str, key: bytes, number: int) -> tuple[dict[str, Any], bytes]:
    helper_data, salt, name = os.urandom(HELPER_BYTES), os.urandom(32), name_of(number)
    data_key, sealed = sealer.seal_first(device_row(tenant, identifier), "codeword_key", key)
    row = {
        "tenant_id": tenant,
        "id": identifier,
        "name": name,
        "salt": salt,
        "helper_data": helper_data,
        "helper_digest": canonical.digest(helper_data),
        "identity": f"{number:064x}",
        "key_commitment": entries.key_commitment(key),
        "data_key": data_key,
        "codeword_key": sealed,
        "enrolled_at": _NOW,
        "entry_index": FIRST + ENTRIES * number,
    }
    fields = entries.enrolment(
        tenant=tenant,
        device=identifier,
        salt=salt,
        name=name,
        helper_digest=row["helper_digest"],
        identity=row["identity"],
        commitment=row["key_commitment"],
        at=_NOW,
    )
    return row, entries.encode(EntryKind.ENROLMENT, fields)


def _copy(tenant: str, release: Release, device: str, key: bytes, number: int) -> tuple[dict[str, Any], bytes, bytes]:
    identifier, nonce = os.urandom(16).hex(), os.urandom(codeword.NONCE_BYTES)
    signs = codeword.derive(key, release=release.release_id, nonce=nonce, length=release.bits)
    commitment = entries.codeword_commitment(entries.codeword_salt(key, identifier), codeword.pack_bits(signs))
    row = {
        "tenant_id": tenant,
        "id": identifier,
        "release_pk": release.id,
        "device_pk": device,
        "nonce": nonce,
        "codeword_commitment": commitment,
        "after": FIRST,
        "reserved_at": _NOW,
        "reservation_index": FIRST + ENTRIES * number + 1,
        "artefact_digest": digest_of(number),
        "method": Method.MINTED.value,
        "issued_at": _NOW,
        "issue_index": FIRST + ENTRIES * number + 2,
    }
    reserved = entries.reservation(
        tenant=tenant,
        copy=identifier,
        release=release.id,
        device=device,
        nonce=nonce,
        codeword=commitment,
        after=FIRST,
        at=_NOW,
    )
    issued = entries.issue(
        tenant=tenant, copy=identifier, artefact=row["artefact_digest"], method=row["method"], at=_NOW
    )
    return row, entries.encode(EntryKind.RESERVATION, reserved), entries.encode(EntryKind.ISSUE, issued)
