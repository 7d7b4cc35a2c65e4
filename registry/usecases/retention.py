"""Retention: what was given up, or decided, long ago is forgotten, unless a legal hold keeps it.

A decided case's answers are destroyed with their data key, those in the steps of its jobs too: the verdict stays, and
can no longer be recomputed or shown in an evidence pack. A hold on the case keeps them, and so does one on a copy of
the case's release or on a device with such a copy, for the answers are evidence about each.
"""

from collections.abc import Sequence
from datetime import datetime

from registry.errors import MalformedValue, UnderHold
from registry.log import entries
from registry.records import Device, EntryKind, Retention
from registry.usecases.devices import Devices
from registry.usecases.holds import Holds
from registry.usecases.tools import Tools


class Retaining:
    """Applying a retention period."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def apply(self, tenant: str, before: datetime, *, rehearse: bool) -> Retention:
        """Forget devices revoked before an instant, destroy answers of cases decided before, drop keys that ended.

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
        due_answers, kept = stored.disposals.due(tenant, before), stored.disposals.held(tenant, before)
        answers = tuple(case for case in due_answers if case not in kept)
        if not rehearse:
            self._destroy(tenant, answers)
            free = tuple(devices.forget(tenant, device.name) for device in free)
            stored.access.drop_keys(tenant, [key.id for key in keys])
        return Retention(
            before=before,
            rehearsed=rehearse,
            forgotten=free,
            held=held,
            api_keys=keys,
            answers=answers,
            answers_held=tuple(case for case in due_answers if case in kept),
        )

    def destroyed(self, tenant: str, cases: Sequence[str]) -> frozenset[str]:
        """Those of at most some hundreds of cases whose answers were destroyed."""
        return self._tools.repository.disposals.among(tenant, cases)

    def _destroy(self, tenant: str, cases: tuple[str, ...]) -> None:
        for case in cases:
            now = self._tools.clock()
            fields = entries.disposal(tenant=tenant, case=case, at=now)
            index = self._tools.log.append(EntryKind.DISPOSAL, fields)
            self._tools.repository.disposals.destroy(tenant, case, now, index)

    def _held(self, tenant: str, device: Device) -> bool:
        try:
            Holds(self._tools).require_free(tenant, device.id)
        except UnderHold:
            return True
        return False
