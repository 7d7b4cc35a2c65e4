"""The case, device and copy that an evidence pack is about, with the secrets that open what the log says of them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fingerprint import codeword
from fingerprint.verdict import DeviceScore
from registry.errors import DeviceForgotten, MalformedValue
from registry.records import Copy, Device, EntryKind, RecordedVerdict, Release
from registry.usecases.cases import Cases
from registry.usecases.copies import Copies
from registry.usecases.devices import Devices, device_row
from registry.usecases.releases import Releases
from registry.usecases.tools import Tools


@dataclass(frozen=True, kw_only=True)
class Accused:
    """Who a pack is about.

    Attributes:
        recorded, row: the verdict, and what it says of this device.
        device, release, copy: as the registry knows them.
        case_salt, device_salt, release_salt: what the log's commitments to names were made with.
        nonce: of the copy.
        codeword_key: of the device; it is in no pack.
    """

    recorded: RecordedVerdict
    row: DeviceScore
    device: Device
    release: Release
    copy: Copy
    case_salt: bytes = field(repr=False)
    device_salt: bytes = field(repr=False)
    release_salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    codeword_key: bytes = field(repr=False)

    @property
    def codeword(self) -> NDArray[np.int8]:
        """The copy's codeword, (L,)."""
        release, bits = self.release.release_id, self.release.bits
        return codeword.derive(self.codeword_key, release=release, nonce=self.nonce, length=bits)

    def places(self) -> dict[EntryKind, int]:
        """Where the log speaks of them, in the order of a pack."""
        found = {
            EntryKind.ENROLMENT: self.device.entry_index,
            EntryKind.COMMITMENT: self.release.entry_index,
            EntryKind.RESERVATION: self.copy.reservation_index,
            EntryKind.ISSUE: self.copy.entry_index,
            EntryKind.VERDICT: self.recorded.entry_index,
        }
        return {kind: index for kind, index in found.items() if index is not None}


def find_accused(tools: Tools, tenant: str, case_id: str, device: str | None) -> Accused:
    """The accused of a decided case: the device of that name, or the one that the verdict names.

    Raises:
        UnknownCase, CaseUndecided: no such case, or no verdict yet.
        MalformedValue: the verdict names several devices or none and no name was given, or it ranks no such device.
        DeviceForgotten: its key is gone, and nothing can be opened any more.
    """
    stored = tools.repository
    recorded = Cases(tools).verdict(tenant, case_id)
    row = _row(recorded, device)
    named = recorded.names.get(row.device, "")
    holder = Devices(tools).get(tenant, named)
    if holder.forgotten:
        raise DeviceForgotten(f"the device {holder.id} was forgotten; what the log says of it can no longer be opened")
    release, copy = Releases(tools).get(tenant, recorded.release), Copies(tools).get(tenant, row.copy)
    sealed = stored.devices.sealed_key(tenant, holder.id)
    key = tools.sealer.open(sealed.data_key, device_row(tenant, holder.id), "codeword_key", sealed.codeword_key)
    return Accused(
        recorded=recorded,
        row=row,
        device=holder,
        release=release,
        copy=copy,
        case_salt=stored.cases.secrets(tenant, case_id).salt,
        device_salt=stored.devices.salt(tenant, holder.id),
        release_salt=stored.releases.salt(tenant, release.id),
        nonce=stored.copies.nonce(tenant, copy.id),
        codeword_key=key,
    )


def _row(recorded: RecordedVerdict, device: str | None) -> DeviceScore:
    """The best row of the wanted device."""
    if device is None and len(recorded.named) != 1:
        ranked = ", ".join(dict.fromkeys(recorded.names.get(row.device, row.device) for row in recorded.verdict.ranked))
        count = len(recorded.named)
        raise MalformedValue(f"the verdict names {count} devices; say which one the pack is about: {ranked[:200]}")
    wanted = recorded.named[0] if device is None else device
    rows = [row for row in recorded.verdict.ranked if recorded.names.get(row.device) == wanted]
    if not rows:
        raise MalformedValue(f"the verdict of case {recorded.case_id} ranks no device '{wanted}'")
    return rows[0]
