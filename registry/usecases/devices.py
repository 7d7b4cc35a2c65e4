"""Devices."""

import re
from collections import Counter
from collections.abc import Sequence

from fingerprint import canonical
from fingerprint.codeword import CODEWORD_KEY_BYTES
from fingerprint.errors import ParameterError
from fingerprint.possession import require_public_key
from registry.errors import (
    AlreadyRevoked,
    DeviceForgotten,
    DeviceRevoked,
    DuplicateName,
    MalformedValue,
    UnknownDevice,
    UnknownTenant,
)
from registry.log import entries
from registry.records import Device, EntryKind, NewDevice, Page
from registry.repository.devices import DeviceSecrets, Reenrolment, forgotten_name
from registry.sealing import RowIdentity
from registry.usecases.holds import Holds
from registry.usecases.tools import SALT_BYTES, Tools, require_limit, require_name

MAX_HELPER_BYTES = 1 << 20
_IDENTITY = re.compile(r"[0-9a-f]{32,128}")


def device_row(tenant: str, device: str) -> RowIdentity:
    """Identity of a device's row."""
    return RowIdentity("device", tenant, device)


class Devices:
    """Enrolment, once and again, revocation, and forgetting."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.devices

    def enroll(self, tenant: str, devices: Sequence[NewDevice]) -> tuple[Device, ...]:
        """New devices: helper data and public keys as they are, codeword keys sealed, all committed to in the log."""
        for new in devices:
            _require_enrolment(new.helper_data, new.identity, new.possession_key)
            _require_codeword_key(new.codeword_key)
            require_name(new.name, "device")
        self._tools.log.lock()
        self._require_free(tenant, [new.name for new in devices])
        made = [(new, self._tools.new_id()) for new in devices]
        secrets = [self._secrets(tenant, identifier, new) for new, identifier in made]
        enrolled = self._log(tenant, made, secrets)
        self._stored.add(tenant, list(zip(enrolled, secrets, strict=True)))
        return enrolled

    def _require_free(self, tenant: str, names: Sequence[str]) -> None:
        """One question to the database for both: is there such a tenant, and is one of the names taken?"""
        there = self._stored.taken(tenant, names)
        if there is None:
            raise UnknownTenant(f"there is no tenant with the id '{tenant}'")
        twice = {name for name, count in Counter(names).items() if count > 1}
        taken = sorted(there | twice)
        if taken:
            shown = ", ".join(f"'{name}'" for name in taken[:5])
            raise DuplicateName(f"there is a device {shown} already; choose another name")

    def reenroll(
        self, tenant: str, name: str, *, helper_data: bytes, identity: str, possession_key: bytes | None
    ) -> Device:
        """The device with new helper data, identity and public key; copies stay bound to its first codeword key."""
        _require_enrolment(helper_data, identity, possession_key)
        self._tools.log.lock()
        device, now = self.get(tenant, name), self._tools.clock()
        if device.forgotten:
            raise DeviceForgotten(f"the device {device.id} was forgotten; nobody can show any more which one it was")
        if device.revoked_at is not None:
            raise DeviceRevoked(f"the device '{name}' was revoked and is not enrolled again")
        generation, helper_digest, digest = (
            device.generation + 1,
            canonical.digest(helper_data),
            _digest(possession_key),
        )
        fields = entries.reenrolment(
            tenant=tenant,
            device=device.id,
            generation=generation,
            helper_digest=helper_digest,
            identity=identity,
            possession=digest,
            at=now,
        )
        made = Reenrolment(
            device=device.id,
            generation=generation,
            helper_data=helper_data,
            helper_digest=helper_digest,
            identity=identity,
            possession_key=possession_key,
            possession_digest=digest,
            at=now,
            entry_index=self._tools.log.append(EntryKind.REENROLMENT, fields),
        )
        self._stored.reenroll(tenant, made)
        return self.get(tenant, name)

    def get(self, tenant: str, name: str) -> Device:
        """The device of that name."""
        device = self._stored.named(tenant, name) if name.isprintable() else None
        if device is None:
            raise UnknownDevice(f"there is no device '{name}'; enrol it first")
        return device

    def helper_data(self, tenant: str, name: str) -> bytes:
        """Helper data of the device."""
        helper_data = self._stored.helper_data(tenant, name) if name.isprintable() else None
        if helper_data is None:
            raise UnknownDevice(f"there is no device '{name}'; enrol it first")
        return helper_data

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Device]:
        """Devices by name."""
        return self._stored.page(tenant, after, require_limit(limit))

    def count(self, tenant: str) -> int:
        """How many devices were ever enrolled."""
        return self._stored.count(tenant)

    def revoke(self, tenant: str, name: str) -> Device:
        """The device, refused new copies from now on; the copies it has stay known."""
        self._tools.log.lock()
        device, now = self.get(tenant, name), self._tools.clock()
        if device.revoked_at is not None:
            raise AlreadyRevoked(f"the device '{name}' was revoked before")
        fields = entries.revocation(tenant=tenant, device=device.id, at=now)
        index = self._tools.log.append(EntryKind.REVOCATION, fields)
        self._stored.revoke(tenant, device.id, now, index)
        return self.get(tenant, name)

    def forget(self, tenant: str, name: str) -> Device:
        """The device, its row emptied of everything but ids, times and one-way digests; the log stays as it is."""
        self._tools.log.lock()
        device, now = self.get(tenant, name), self._tools.clock()
        if device.forgotten:
            raise DeviceForgotten(f"the device {device.id} was forgotten before")
        Holds(self._tools).require_free(tenant, device.id)
        index = self._tools.log.append(EntryKind.ERASURE, entries.erasure(tenant=tenant, device=device.id, at=now))
        self._stored.forget(tenant, device.id, now, index)
        self._tools.repository.possessions.forget(tenant, device.id)
        self._tools.repository.requests.forget(tenant)
        return self.get(tenant, forgotten_name(device.id))

    def _secrets(self, tenant: str, device: str, new: NewDevice) -> DeviceSecrets:
        row = device_row(tenant, device)
        data_key, codeword_key = self._tools.sealer.seal_first(row, "codeword_key", new.codeword_key)
        return DeviceSecrets(
            salt=self._tools.entropy(SALT_BYTES),
            helper_data=new.helper_data,
            key_commitment=entries.key_commitment(new.codeword_key),
            data_key=data_key,
            codeword_key=codeword_key,
            possession_key=new.possession_key,
        )

    def _log(
        self, tenant: str, made: Sequence[tuple[NewDevice, str]], secrets: Sequence[DeviceSecrets]
    ) -> tuple[Device, ...]:
        now = self._tools.clock()
        digests = [canonical.digest(new.helper_data) for new, _ in made]
        fields = [
            entries.enrolment(
                tenant=tenant,
                device=identifier,
                salt=secret.salt,
                name=new.name,
                helper_digest=digest,
                identity=new.identity,
                commitment=secret.key_commitment,
                possession=_digest(new.possession_key),
                at=now,
            )
            for (new, identifier), secret, digest in zip(made, secrets, digests, strict=True)
        ]
        indices = self._tools.log.extend(EntryKind.ENROLMENT, fields)
        return tuple(
            Device(
                id=identifier,
                name=new.name,
                helper_digest=digest,
                identity=new.identity,
                possession_digest=_digest(new.possession_key),
                enrolled_at=now,
                revoked_at=None,
                entry_index=index,
                revocation_index=None,
            )
            for (new, identifier), digest, index in zip(made, digests, indices, strict=True)
        )


def _digest(possession_key: bytes | None) -> str | None:
    return None if possession_key is None else canonical.digest(possession_key)


def _require_enrolment(helper_data: bytes, identity: str, possession_key: bytes | None) -> None:
    if not 0 < len(helper_data) <= MAX_HELPER_BYTES:
        raise MalformedValue(f"helper data has 1 to {MAX_HELPER_BYTES} bytes, not {len(helper_data)}")
    if not _IDENTITY.fullmatch(identity):
        raise MalformedValue("the identity is a one-way hash in 32 to 128 lowercase hexadecimal digits")
    try:
        possession_key is None or require_public_key(possession_key)
    except ParameterError as error:
        raise MalformedValue(str(error)) from error


def _require_codeword_key(codeword_key: bytes) -> None:
    if len(codeword_key) != CODEWORD_KEY_BYTES:
        raise MalformedValue(f"the codeword key has {len(codeword_key)} bytes; it must have {CODEWORD_KEY_BYTES}")
