"""Legal holds: while one is in force, nothing that its subject rests on can be forgotten.

| held | what cannot be forgotten |
|---|---|
| device | the device |
| copy | the device that has it, whose key the copy's codeword is derived from |
| case | every device with a copy of the case's release: the verdict is a choice among all of them |
"""

import dataclasses

from registry.errors import (
    AlreadyLifted,
    MalformedValue,
    UnderHold,
    UnknownCase,
    UnknownCopy,
    UnknownDevice,
    UnknownHold,
)
from registry.log import entries
from registry.records import EntryKind, Held, Hold, Page
from registry.usecases.tools import SALT_BYTES, Tools, require_limit, require_name


class Holds:
    """Placing and lifting legal holds."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.holds

    def place(self, tenant: str, held: Held | str, subject: str, *, reason: str) -> Hold:
        """A hold on a device (by name), copy or case (by id), in the log with a salted digest of its reason."""
        require_name(reason, "legal hold")
        self._tools.log.lock()
        kind, now, salt = _held(held), self._tools.clock(), self._tools.entropy(SALT_BYTES)
        identifier, target = self._tools.new_id(), self._subject(tenant, kind, subject)
        fields = entries.hold(
            tenant=tenant, hold=identifier, held=kind, subject=target, salt=salt, reason=reason, at=now
        )
        hold = Hold(
            id=identifier,
            held=kind,
            subject=target,
            reason=reason,
            placed_at=now,
            entry_index=self._tools.log.append(EntryKind.HOLD, fields),
            lifted_at=None,
            lifting_index=None,
        )
        self._stored.add(tenant, hold, salt)
        return hold

    def lift(self, tenant: str, hold_id: str) -> Hold:
        """The hold, no longer in force."""
        self._tools.log.lock()
        hold, now = self.get(tenant, hold_id), self._tools.clock()
        if hold.lifted_at is not None:
            raise AlreadyLifted(f"the legal hold {hold_id} was lifted before; place another if one is needed")
        index = self._tools.log.append(EntryKind.LIFTING, entries.lifting(tenant=tenant, hold=hold_id, at=now))
        self._stored.lift(tenant, hold_id, now, index)
        return dataclasses.replace(hold, lifted_at=now, lifting_index=index)

    def get(self, tenant: str, hold_id: str) -> Hold:
        """The hold of that id."""
        hold = self._stored.get(tenant, hold_id) if hold_id.isprintable() else None
        if hold is None:
            raise UnknownHold(f"there is no legal hold with the id '{hold_id}'; list them")
        return hold

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Hold]:
        """Holds by id."""
        return self._stored.page(tenant, after, require_limit(limit))

    def require_free(self, tenant: str, device: str) -> None:
        """Return if no hold in force rests on the device of that id. Raises UnderHold."""
        hold = self._stored.on_device(tenant, device)
        if hold is not None:
            raise UnderHold(f"the legal hold {hold} rests on device {device}, which cannot be forgotten; lift it first")

    def _subject(self, tenant: str, held: Held, subject: str) -> str:
        """Id of what is to be held."""
        stored = self._tools.repository
        find, error = {
            Held.DEVICE: (stored.devices.named, UnknownDevice),
            Held.COPY: (stored.copies.get, UnknownCopy),
            Held.CASE: (stored.cases.get, UnknownCase),
        }[held]
        found = find(tenant, subject) if subject.isprintable() else None
        if found is None:
            raise error(f"there is no {held} '{subject}' to hold; list what there is")
        return found.id


def _held(held: Held | str) -> Held:
    try:
        return Held(held)
    except ValueError as error:
        raise MalformedValue(f"'{held}' cannot be held; a legal hold is on a {', '.join(Held)}") from error
