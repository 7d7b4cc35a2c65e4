"""A pack as it is read: each part parsed once, when a step first asks for it. Nothing is believed because it parsed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical
from fingerprint.codeword import unpack_bits
from fingerprint.observation import Observation
from fingerprint.observation_bytes import read_observation
from fingerprint.replay import evidence, judgement, looks, scoring
from fingerprint.replay.release import Release
from fingerprint.verdict import DeviceScore, Verdict
from registry.errors import MalformedEvidence
from registry.evidence import container, contents, envelope
from registry.log import disclosure, entries
from registry.log.policy import Policy
from registry.log.proof_file import ProofFile
from registry.log.timestamp import Authorities
from registry.records import Checkpoint, EntryKind
from registry.witness.messages import AddCheckpoint


@dataclass(frozen=True)
class LoggedEntry:
    """An entry of the log with its proof; its fields are parsed when they are first asked for."""

    data: bytes
    proof: ProofFile

    @property
    def index(self) -> int:
        """Index in the log, as the proof says."""
        return self.proof.index

    @property
    def kind(self) -> EntryKind:
        """Its kind. Raises MalformedEntry."""
        return self._decoded[0]

    @property
    def fields(self) -> Mapping[str, Any]:
        """Its fields. Raises MalformedEntry."""
        return self._decoded[1]

    @cached_property
    def _decoded(self) -> tuple[EntryKind, dict[str, Any]]:
        return entries.decode(self.data)


@dataclass(frozen=True)
class CaseFile:
    """A pack, whom its reader trusts, and what else the reader brings along.

    Attributes:
        data: the file's bytes.
        policy: logs, witnesses and a quorum.
        codeword_key: the accused's own, to see whether the codeword is drawn from it; None to leave that out.
        authorities: whose time stamps are taken; None to leave stamps unverified.
    """

    data: bytes
    policy: Policy
    codeword_key: bytes | None = None
    authorities: Authorities | None = None

    @cached_property
    def members(self) -> dict[str, bytes]:
        """Members by name."""
        return container.read(self.data)

    def member(self, name: str) -> bytes:
        """One member. Raises MalformedEvidence."""
        if name not in self.members:
            raise MalformedEvidence(f"the pack has no {name}")
        return self.members[name]

    @cached_property
    def signed(self) -> tuple[dict[str, Any], str]:
        """The statement, and the name of the log's key that signed it."""
        logs = [known.verifier for known in self.policy.logs]
        payload, signer = envelope.open_envelope(self.member(contents.STATEMENT), logs)
        return envelope.parse_json(payload, "the statement"), signer

    @cached_property
    def statement(self) -> dict[str, Any]:
        """The predicate: what the pack says."""
        predicate = contents.at(self.signed[0], "predicate")
        if not isinstance(predicate, dict):
            raise MalformedEvidence("the statement's predicate is not an object")
        return predicate

    @cached_property
    def entries(self) -> dict[EntryKind, LoggedEntry]:
        """The accused's entries by kind."""
        present = [kind for kind in contents.ENTRIES if contents.entry_name(kind) in self.members]
        return {kind: self._entry(contents.entry_name(kind), contents.proof_name(kind)) for kind in present}

    def entry(self, kind: EntryKind) -> LoggedEntry:
        """One of the entries. Raises MalformedEvidence."""
        if kind not in self.entries:
            raise MalformedEvidence(f"the pack has no {contents.entry_name(kind)}")
        return self.entries[kind]

    def control_entry(self, number: int) -> LoggedEntry:
        """The verdict's entry of a control."""
        return self._entry(f"controls/{number}.entry", f"controls/{number}.tlog-proof")

    def proof(self, name: str) -> ProofFile:
        """A proof file among the members."""
        return ProofFile.parse(self.text(name))

    def text(self, name: str) -> str:
        """A member that is text. Raises MalformedEvidence."""
        try:
            return self.member(name).decode()
        except UnicodeDecodeError as error:
            raise MalformedEvidence(f"{name} is not UTF-8") from error

    def _entry(self, data: str, proof: str) -> LoggedEntry:
        return LoggedEntry(self.member(data), self.proof(proof))

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that all entries are under, signed and cosigned as the policy asks."""
        return self.policy.open(self.entry(EntryKind.VERDICT).proof.checkpoint.note)

    @cached_property
    def growth(self) -> AddCheckpoint:
        """The proof that the log only grew since the nonce was drawn."""
        return AddCheckpoint.parse(self.member(contents.GROWTH))

    @cached_property
    def verdict(self) -> Verdict:
        """The logged verdict with the accused's row alone."""
        salt = contents.raw(self.statement, "accused", "rowSalt")
        return disclosure.open_verdict(self.member(contents.SUMMARY), row=self.member(contents.ROW), salt=salt)

    @property
    def row(self) -> DeviceScore:
        """The accused's row."""
        return self.verdict.ranked[0]

    @cached_property
    def release(self) -> Release:
        """The verifier pack."""
        return Release.parse(self.member(contents.PACK))

    @cached_property
    def plan(self) -> looks.Plan:
        """The looks that the release was committed to."""
        stated = canonical.decode(contents.COMMITMENT_TAG, self.member(contents.COMMITMENT))
        return looks.committed(self.release, stated)

    @cached_property
    def look(self) -> int | None:
        """Number of the look that decided, as the statement says; None for one look at all probes."""
        stated = self.statement.get("sequential")
        return None if stated is None else contents.whole(stated, "look")

    @cached_property
    def asked(self) -> Release:
        """The release as the look that decided saw it: the probes asked, at the alpha that this look spends."""
        return self.plan.seen(self.release, self.look)

    @cached_property
    def observation(self) -> Observation:
        """The suspect's answers."""
        return self.observed(contents.ANSWERS, self.asked)

    def observed(self, name: str, asked: Release) -> Observation:
        """Answers among the members, to the probes of a look."""
        return read_observation(self.member(name), probes=asked.count, classes=asked.classes)

    @cached_property
    def gathered(self) -> evidence.Gathered:
        """The evidence, recomputed from the answers; nothing here knows a codeword."""
        return evidence.gather(self.asked, self.observation)

    @cached_property
    def scorer(self) -> scoring.Scorer:
        """Scores of codewords against that evidence."""
        return scoring.scorer(self.gathered)

    @cached_property
    def codeword(self) -> NDArray[np.int8]:
        """The accused's codeword, as disclosed."""
        return unpack_bits(contents.raw(self.statement, "accused", "codeword"), self.release.bits)

    @cached_property
    def judged(self) -> judgement.Judgement:
        """The verdict about the accused, recomputed."""
        return judgement.judge(self.scorer, self.codeword, alpha=self.asked.alpha, tests=self.verdict.devices)
