"""What entries may follow which: the rules of this ledger that its entries alone show, for whoever reads nothing else.

| entry | only |
|---|---|
| enrolment, commitment | of a device, of a release that the log does not know yet |
| reservation | of a new copy, for a device in good standing, of a release committed and signed before |
| issue | of a reserved copy, once, to a device in good standing |
| verdict | of a case that has none, about a committed release; with a summary if one before it has it |
| revocation, erasure | of an enrolled device, once |
| disposal | of a decided case's answers, once |
| re-enrolment | of a device in good standing, generation by generation |
| possession | once for a challenge, of a device not forgotten; proven by its latest enrolment's key alone |

An operator who draws a codeword before the commitment, back-dates a copy, or calls another device's key proven, must
break one of them.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from registry.errors import RuleBroken
from registry.records import EntryKind

Fields = Mapping[str, Any]


def _key(*words: object) -> bytes:
    """Sixteen bytes that stand for a thing of a tenant: a log of millions fits in memory."""
    return hashlib.blake2b("\0".join(map(str, words)).encode(), digest_size=16).digest()


class Rules:
    """The ledger read so far. Entries of kinds that no rule speaks of are let through."""

    def __init__(self) -> None:
        self._devices: dict[bytes, tuple[int, int, bytes]] = {}  # generation, entry and public key of the latest
        self._revoked: set[bytes] = set()
        self._erased: set[bytes] = set()
        self._releases: dict[bytes, int] = {}
        self._copies: dict[bytes, bytes | None] = {}  # the device, None once issued
        self._cases: set[bytes] = set()
        self._disposed: set[bytes] = set()
        self._summarised = False
        self._challenges: set[bytes] = set()
        self._rules: dict[EntryKind, Callable[[int, Fields], None]] = {
            EntryKind.ENROLMENT: self._enrolment,
            EntryKind.COMMITMENT: self._commitment,
            EntryKind.RESERVATION: self._reservation,
            EntryKind.ISSUE: self._issue,
            EntryKind.VERDICT: self._verdict,
            EntryKind.REVOCATION: self._revocation,
            EntryKind.ERASURE: self._erasure,
            EntryKind.DISPOSAL: self._disposal,
            EntryKind.REENROLMENT: self._reenrolment,
            EntryKind.POSSESSION: self._possession,
        }

    def follow(self, index: int, kind: EntryKind, fields: Fields) -> None:
        """Take in the next entry.

        Raises:
            RuleBroken: it may not stand here.
        """
        if kind in self._rules:
            try:
                self._rules[kind](index, fields)
            except (KeyError, TypeError) as error:
                raise RuleBroken(f"entry {index} ({kind}) lacks a field or has one of another kind: {error}") from error

    def _enrolment(self, index: int, fields: Fields) -> None:
        device = _key(fields["tenant"], fields["device"])
        _require(index, device not in self._devices, "the device was enrolled before")
        self._devices[device] = (0, index, _key(fields.get("possession_key")))

    def _commitment(self, index: int, fields: Fields) -> None:
        release = _key(fields["tenant"], fields["release"])
        _require(index, release not in self._releases, "the release was committed before")
        self._releases[release] = index

    def _reservation(self, index: int, fields: Fields) -> None:
        tenant, after = fields["tenant"], fields["after"]
        copy, device = _key(tenant, fields["copy"]), _key(tenant, fields["device"])
        committed = self._releases.get(_key(tenant, fields["release"]), index)
        _require(index, committed < after <= index, "its nonce was drawn before the release was committed and signed")
        _require(index, self._in_good_standing(device), "its device is not enrolled, or no longer in good standing")
        _require(index, copy not in self._copies, "the copy was reserved before")
        self._copies[copy] = device

    def _issue(self, index: int, fields: Fields) -> None:
        copy = _key(fields["tenant"], fields["copy"])
        device = self._copies.get(copy)
        _require(index, device, "the copy was never reserved, or was issued before")
        _require(index, self._in_good_standing(device), "its device is no longer in good standing")
        self._copies[copy] = None

    def _verdict(self, index: int, fields: Fields) -> None:
        case, release = _key(fields["tenant"], fields["case"]), _key(fields["tenant"], fields["release"])
        _require(index, release in self._releases, "it is about a release that was never committed")
        _require(index, case not in self._cases, "the case was decided before")
        summarised = "summary" in fields
        _require(index, summarised or not self._summarised, "it has no summary, and a verdict before it has one")
        self._summarised |= summarised
        self._cases.add(case)

    def _revocation(self, index: int, fields: Fields) -> None:
        device = _key(fields["tenant"], fields["device"])
        _require(index, device in self._devices, "the device was never enrolled")
        _require(index, device not in self._revoked, "the device was revoked before")
        self._revoked.add(device)

    def _erasure(self, index: int, fields: Fields) -> None:
        device = _key(fields["tenant"], fields["device"])
        _require(index, device in self._devices, "the device was never enrolled")
        _require(index, device not in self._erased, "the device was forgotten before")
        self._erased.add(device)

    def _disposal(self, index: int, fields: Fields) -> None:
        case = _key(fields["tenant"], fields["case"])
        _require(index, case in self._cases, "the case was never decided")
        _require(index, case not in self._disposed, "its answers were destroyed before")
        self._disposed.add(case)

    def _reenrolment(self, index: int, fields: Fields) -> None:
        device, generation = _key(fields["tenant"], fields["device"]), fields["generation"]
        _require(index, self._in_good_standing(device), "its device is not enrolled, or no longer in good standing")
        _require(index, generation == self._devices[device][0] + 1, "a generation was left out or given twice")
        self._devices[device] = (generation, index, _key(fields.get("possession_key")))

    def _possession(self, index: int, fields: Fields) -> None:
        device, challenge = _key(fields["tenant"], fields["device"]), _key(fields["tenant"], fields["challenge"])
        _require(index, device in self._devices, "the device was never enrolled")
        _require(index, device not in self._erased, "the device was forgotten before")
        _require(index, challenge not in self._challenges, "the challenge was answered before")
        _, enrolment, key = self._devices[device]
        _require(index, fields["enrolment"] == enrolment, "it was compared with another enrolment than the latest")
        enrolled, outcome = _key(fields["key"]) == key, fields["outcome"]
        _require(index, enrolled or outcome != "proven", "another key than the enrolled one is called proven")
        _require(index, not (enrolled and outcome == "foreign-key"), "the enrolled key is called another device's")
        self._challenges.add(challenge)

    def _in_good_standing(self, device: bytes | None) -> bool:
        return device in self._devices and device not in self._revoked and device not in self._erased


def _require(index: int, condition: object, what: str) -> None:
    if not condition:
        raise RuleBroken(f"entry {index}: {what}")
