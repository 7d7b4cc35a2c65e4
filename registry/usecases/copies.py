"""Copies: a nonce drawn after the commitment, a codeword derived from it, an issue recorded once."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint import codeword
from fingerprint.verify import Candidates
from registry.codebooks import Codebook, Codebooks, Wanted
from registry.errors import (
    AlreadyIssued,
    DeviceForgotten,
    DeviceRevoked,
    MalformedValue,
    NotCommitted,
    UnknownCopy,
    UnknownDevice,
    UnknownRelease,
)
from registry.log import entries
from registry.records import Copy, Device, EntryKind, Method, Page, Release, Reservation
from registry.repository.copies import NewCopy
from registry.repository.devices import SealedKey
from registry.usecases.devices import device_row
from registry.usecases.tools import Tools, require_digest, require_limit


class Copies:
    """Reservation, issue and the hypotheses of a verdict."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.copies

    def reserve(self, tenant: str, release: str, device: str) -> Reservation:
        """Nonce and codeword of a copy to be made.

        The order is the theorem's guard: the nonce, and with it the codeword, is drawn only when the commitment to
        the carriers, probes and thresholds stands under a signed checkpoint.
        """
        self._tools.log.lock()
        committed, holder = self._release(tenant, release), self._device(tenant, device)
        after = self._require_committed(committed)
        nonce = self._tools.entropy(codeword.NONCE_BYTES)
        copy_id, key = (
            self._tools.new_id(),
            self._codeword_key(tenant, self._tools.repository.devices.sealed_key(tenant, holder.id)),
        )
        signs = codeword.derive(key, release=committed.release_id, nonce=nonce, length=committed.bits)
        commitment = entries.codeword_commitment(entries.codeword_salt(key, copy_id), codeword.pack_bits(signs))
        index = self._log_reservation(tenant, copy_id, committed, holder, nonce, commitment, after)
        return Reservation(
            copy_id=copy_id, release=release, device=device, nonce=nonce, codeword=signs, entry_index=index
        )

    def issue(self, tenant: str, copy_id: str, *, artefact_digest: str, method: Method | str) -> Copy:
        """The copy, issued as the file of that digest."""
        require_digest(artefact_digest, "artefact")
        self._tools.log.lock()
        copy, now = self.get(tenant, copy_id), self._tools.clock()
        if copy.issued_at is not None:
            raise AlreadyIssued(f"the copy {copy_id} was issued before; reserve another copy")
        self._device(tenant, copy.device)
        made = _method(method)
        fields = entries.issue(tenant=tenant, copy=copy_id, artefact=artefact_digest, method=made, at=now)
        index = self._tools.log.append(EntryKind.ISSUE, fields)
        issued = dataclasses.replace(
            copy, artefact_digest=artefact_digest, method=made, issued_at=now, entry_index=index
        )
        self._stored.issue(tenant, issued)
        return issued

    def get(self, tenant: str, copy_id: str) -> Copy:
        """The copy of that id."""
        copy = self._stored.get(tenant, copy_id) if copy_id.isprintable() else None
        if copy is None:
            raise UnknownCopy(f"there is no copy with the id '{copy_id}'; reserve it first")
        return copy

    def page(self, tenant: str, release: str | None, *, after: str | None, limit: int) -> Page[Copy]:
        """Copies in the order of their reservation."""
        position = _position(after)
        only = None if release is None else self._release(tenant, release).id
        return self._stored.page(tenant, only, position, require_limit(limit))

    def of_artefact(self, tenant: str, artefact_digest: str, *, after: str | None, limit: int) -> Page[Copy]:
        """Copies issued as exactly this file."""
        wanted = require_digest(artefact_digest, "artefact")
        return self._stored.of_artefact(tenant, wanted, _position(after), require_limit(limit))

    def candidates(self, tenant: str, release: str) -> Candidates:
        """Every reserved copy with its codeword, issued or not: a copy can leak before its issue is recorded.

        Devices go by their ids: a verdict is kept for good, and a name may have to be forgotten.
        Copies of forgotten devices are left out: their codewords cannot be derived any more.
        """
        committed = self._release(tenant, release)
        devices, copies, rows = [], [], []
        keys: dict[str, bytes] = {}
        for each in self._stored.hypotheses(tenant, committed.id):
            if each.sealed.data_key is None:
                continue
            if each.sealed.device not in keys:
                keys[each.sealed.device] = self._codeword_key(tenant, each.sealed)
            devices.append(each.sealed.device)
            copies.append(each.copy)
            rows.append(_derive(keys[each.sealed.device], committed, each.nonce))
        matrix = np.stack(rows) if rows else np.empty((0, committed.bits), dtype=np.int8)
        return Candidates(devices=tuple(devices), copies=tuple(copies), codewords=matrix, release=committed.release_id)

    def count(self, tenant: str, release: str) -> int:
        """How many copies of the release were ever reserved."""
        return self._stored.count(tenant, self._release(tenant, release).id)

    def codebook(self, tenant: str, release: str) -> Codebook:
        """Every reserved copy's codeword, packed in memory: those of forgotten devices left out, as in `candidates`.

        A unit that has written keeps them to itself, since it may yet be undone.
        """
        committed = self._release(tenant, release)
        wanted = Wanted(
            release=committed.release_id,
            bits=committed.bits,
            newest=self._stored.newest(tenant, committed.id),
            erasures=self._stored.erasures(tenant),
        )
        books = Codebooks() if self._tools.log.appended else self._tools.codebooks
        codewords, marks = books.held(
            tenant,
            wanted,
            lambda after: self._packed(tenant, committed, after),
            lambda: self._stored.of_forgotten(tenant, committed.id),
        )

        def label(positions: Sequence[int]) -> Sequence[tuple[str, str]]:
            wanted = [int(marks[position]) for position in positions]
            found = self._stored.reserved_at(tenant, wanted)
            return [found[mark] for mark in wanted]

        return Codebook(codewords, label)

    def _packed(self, tenant: str, release: Release, after: int) -> Iterator[tuple[int, bytes]]:
        """Reservation index and packed codeword of the copies reserved after an index."""
        for each in self._stored.hypotheses(tenant, release.id, after=after):
            if each.sealed.data_key is not None:
                signs = _derive(self._codeword_key(tenant, each.sealed), release, each.nonce)
                yield each.mark, codeword.pack_bits(signs)

    def _require_committed(self, release: Release) -> int:
        size = self._tools.log.checkpoint().size
        if release.entry_index >= size:
            raise NotCommitted(
                f"the commitment of '{release.name}' (entry {release.entry_index}) is not under a signed checkpoint"
                " yet, so no nonce may be drawn for it; publish the log and reserve in a later unit"
            )
        return size

    def _release(self, tenant: str, name: str) -> Release:
        release = self._tools.repository.releases.named(tenant, name) if name.isprintable() else None
        if release is None:
            raise UnknownRelease(f"there is no release '{name}'; commit it first")
        return release

    def _device(self, tenant: str, name: str) -> Device:
        device = self._tools.repository.devices.named(tenant, name) if name.isprintable() else None
        if device is None:
            raise UnknownDevice(f"there is no device '{name}'; enrol it first")
        if device.forgotten:
            raise DeviceForgotten(f"the device {device.id} was forgotten; its key is gone and it receives no copies")
        if device.revoked_at is not None:
            raise DeviceRevoked(f"the device '{name}' was revoked and receives no copies")
        return device

    def _codeword_key(self, tenant: str, sealed: SealedKey) -> bytes:
        row = device_row(tenant, sealed.device)
        return self._tools.sealer.open(sealed.data_key, row, "codeword_key", sealed.codeword_key)

    def _log_reservation(
        self, tenant: str, copy_id: str, release: Release, device: Device, nonce: bytes, commitment: str, after: int
    ) -> int:
        now = self._tools.clock()
        fields = entries.reservation(
            tenant=tenant,
            copy=copy_id,
            release=release.id,
            device=device.id,
            nonce=nonce,
            codeword=commitment,
            after=after,
            at=now,
        )
        index = self._tools.log.append(EntryKind.RESERVATION, fields)
        row = NewCopy(
            id=copy_id,
            release=release.id,
            device=device.id,
            nonce=nonce,
            codeword_commitment=commitment,
            after=after,
            reserved_at=now,
            reservation_index=index,
        )
        self._stored.add(tenant, row)
        return index


def _derive(key: bytes, release: Release, nonce: bytes) -> NDArray[np.int8]:
    return codeword.derive(key, release=release.release_id, nonce=nonce, length=release.bits)


def _method(method: Method | str) -> Method:
    try:
        return Method(method)
    except ValueError as error:
        raise MalformedValue(f"'{method}' is no way to make a copy; the methods are {', '.join(Method)}") from error


def _position(after: str | None) -> int:
    """The reservation index that a page begins after. Raises MalformedValue."""
    if after is None:
        return -1
    if not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise MalformedValue(f"'{after[:40]}' is not the 'next' of a page of copies")
    return int(after)
