"""Retention: what was given up long ago is forgotten, unless a legal hold keeps it."""

from datetime import datetime

from registry.errors import MalformedValue, UnderHold
from registry.records import Device, Retention
from registry.usecases.devices import Devices
from registry.usecases.holds import Holds
from registry.usecases.tools import Tools


class Retaining:
    """Applying a retention period."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def apply(self, tenant: str, before: datetime, *, rehearse: bool) -> Retention:
        """Forget devices revoked before an instant, and drop API keys that ended before it.

        Args:
            tenant: id of the tenant.
            before: a time with a zone, not after now.
            rehearse: only say what would be forgotten.
        """
        if before.tzinfo is None or before > self._tools.clock():
            raise MalformedValue("a retention period ends at a time with a zone, not after now")
        self._tools.log.lock()
        stored, devices = self._tools.repository, Devices(self._tools)
        due = stored.devices.revoked_before(tenant, before)
        held = tuple(device for device in due if self._held(tenant, device))
        free = tuple(device for device in due if device not in held)
        keys = stored.access.ended_keys(tenant, before)
        if not rehearse:
            free = tuple(devices.forget(tenant, device.name) for device in free)
            stored.access.drop_keys(tenant, [key.id for key in keys])
        return Retention(before=before, rehearsed=rehearse, forgotten=free, held=held, api_keys=keys)

    def _held(self, tenant: str, device: Device) -> bool:
        try:
            Holds(self._tools).require_free(tenant, device.id)
        except UnderHold:
            return True
        return False
