r"""Whom to trust: logs, witnesses and a quorum, in one file, https://c2sp.org/tlog-policy.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <member>...
    quorum <name>|none

A checkpoint is valid under a policy if one of its logs signed it and its quorum cosigned it. A quorum is a policy made
of policies: a witness, or at least k of a group's members.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from registry.errors import MalformedNote, MalformedPolicy, PolicyUnmet, SignatureInvalid
from registry.log.checkpoint import open_checkpoint
from registry.log.cosignature import is_cosigner, verifier_from_vkey
from registry.log.note import Note, NoteVerifier, decode_vkey, require_signature
from registry.records import Checkpoint

NONE = "none"
MAX_LINES = 1000
_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class Known:
    """A log or a witness: its key, and where it answers."""

    verifier: NoteVerifier
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """At least `threshold` of the members."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A parsed policy file."""

    logs: tuple[Known, ...]
    witnesses: Mapping[str, Known]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """The policy in a file.

        Raises:
            MalformedPolicy: the line that is out of form is named.
        """
        if not _ALLOWED.fullmatch(data):
            raise MalformedPolicy("a policy holds no control characters but tab and newline")
        draft = _Draft()
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        if len(lines) > MAX_LINES:
            raise MalformedPolicy(f"a policy has at most {MAX_LINES} lines, not {len(lines)}")
        for number, line in enumerate(lines, 1):
            words = re.split(r"[ \t]+", line.strip(" \t"))
            if words != [""] and not words[0].startswith("#"):
                draft.add(number, words)
        if draft.quorum is None:
            raise MalformedPolicy("a policy has one quorum line; write 'quorum none' to ask for no witness")
        return cls(logs=tuple(draft.logs), witnesses=draft.witnesses, groups=draft.groups, quorum=draft.quorum)

    def open(self, note: str) -> Checkpoint:
        """The checkpoint in a note that one of the logs signed and the quorum cosigned.

        Raises:
            MalformedNote: not a checkpoint.
            PolicyUnmet: another log's, not signed by it, or without its quorum.
        """
        checkpoint = self.open_signed(note)
        self.require_quorum(note)
        return checkpoint

    def open_signed(self, note: str) -> Checkpoint:
        """The checkpoint in a note that one of the logs signed, whoever cosigned it. Raises as `open`."""
        problems = []
        for log in self.logs:
            try:
                return open_checkpoint(note, log.verifier)
            except SignatureInvalid as error:
                problems.append(str(error))
        raise PolicyUnmet(f"no log of the policy signed the checkpoint: {'; '.join(problems) or 'it names no log'}")

    def require_quorum(self, note: str) -> None:
        """Return if enough witnesses cosigned. Raises PolicyUnmet."""
        cosigned = self.cosigned(note)
        if self.quorum != NONE and not self._met(self.quorum, cosigned):
            missing = ", ".join(sorted(set(self.witnesses) - cosigned))
            raise PolicyUnmet(f"the quorum '{self.quorum}' did not cosign the checkpoint; missing: {missing}")

    def cosigned(self, note: str) -> frozenset[str]:
        """Names of the witnesses whose cosignatures the note holds, all of them verified."""
        parsed, found = Note.parse(note), set()
        for name, witness in self.witnesses.items():
            try:
                require_signature(parsed, witness.verifier)
            except SignatureInvalid:
                continue
            found.add(name)
        return frozenset(found)

    def _met(self, name: str, cosigned: frozenset[str]) -> bool:
        if name in self.witnesses:
            return name in cosigned
        group = self.groups[name]
        return sum(self._met(member, cosigned) for member in group.members) >= group.threshold


@dataclass(slots=True)
class _Draft:
    """A policy file read so far: a line may only speak of what stands above it."""

    logs: list[Known] = field(default_factory=list)
    witnesses: dict[str, Known] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None
    _keys: set[bytes] = field(default_factory=set)
    _grouped: set[str] = field(default_factory=set)

    def add(self, number: int, words: list[str]) -> None:
        """Read one line. Raises MalformedPolicy."""
        try:
            match words:
                case ["log", vkey, *url] if len(url) < 2:
                    self.logs.append(self._known(vkey, url, cosigner=False))
                case ["witness", name, vkey, *url] if len(url) < 2:
                    self.witnesses[self._fresh(name)] = self._known(vkey, url, cosigner=True)
                case ["group", name, threshold, *members] if members:
                    group = self._group(threshold, members)
                    self.groups[self._fresh(name)] = group
                case ["quorum", name] if self.quorum is None:
                    self.quorum = name if name == NONE else self._defined(name)
                case _:
                    _fail("expected log, witness, group, or the one quorum line")
        except (MalformedPolicy, MalformedNote, UnicodeEncodeError) as error:
            raise MalformedPolicy(f"line {number} of the policy: {error}") from error

    def _known(self, vkey: str, url: list[str], *, cosigner: bool) -> Known:
        if is_cosigner(vkey) != cosigner:
            raise MalformedPolicy("a log has a key of type 0x01, a witness one of type 0x04 or 0x06")
        key = (b"witness" if cosigner else b"log") + decode_vkey(vkey)[2]
        if key in self._keys:
            raise MalformedPolicy("this key is in the policy already")
        self._keys.add(key)
        return Known(verifier_from_vkey(vkey), url[0] if url else None)

    def _fresh(self, name: str) -> str:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise MalformedPolicy(f"the name '{name}' is taken")
        return name

    def _defined(self, name: str) -> str:
        if name not in self.witnesses and name not in self.groups:
            raise MalformedPolicy(f"'{name}' is not defined above")
        return name

    def _group(self, threshold: str, members: list[str]) -> Group:
        for member in members:
            if self._defined(member) in self._grouped:
                raise MalformedPolicy(f"'{member}' is a member already; each counts once")
            self._grouped.add(member)
        least = {"any": "1", "all": str(len(members))}.get(threshold, threshold)
        if not re.fullmatch(r"[1-9][0-9]{0,3}", least) or int(least) > len(members):
            raise MalformedPolicy(f"'{threshold}' is not all, any, or a number from 1 to {len(members)}")
        return Group(int(least), tuple(members))


def _fail(message: str) -> NoReturn:
    raise MalformedPolicy(message)
