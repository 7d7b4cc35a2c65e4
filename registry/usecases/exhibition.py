"""Laying out what a pack about one accused discloses: its own codeword and row, and of other devices a number."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import rfc8785
from numpy.typing import NDArray

from fingerprint import canonical
from fingerprint.codeword import pack_bits
from fingerprint.observation import Observation
from fingerprint.observation_bytes import read_observation
from fingerprint.replay import evidence, judgement, scoring
from fingerprint.replay.release import Release
from registry.dossier import controls
from registry.dossier.controls import Control
from registry.dossier.environment import environment
from registry.dossier.exhibits import PROPOSITIONS, Exhibits, Milestone
from registry.dossier.looked import Looked
from registry.errors import MalformedValue
from registry.evidence import contents
from registry.evidence.acquisition import exchanges_in
from registry.log import disclosure, entries
from registry.log.proof_file import ProofFile
from registry.records import EntryKind
from registry.usecases.accused import Accused, find_accused
from registry.usecases.cases import Cases
from registry.usecases.releases import Releases
from registry.usecases.tools import Tools
from registry.witness.messages import AddCheckpoint

MOST_CONTROLS = 50
_WHAT = {
    EntryKind.ENROLMENT: "device enrolled",
    EntryKind.COMMITMENT: "release committed",
    EntryKind.RESERVATION: "nonce drawn, codeword fixed",
    EntryKind.ISSUE: "copy issued",
    EntryKind.VERDICT: "verdict recorded",
}


class Exhibition:
    """Reads what a pack needs; nothing is changed."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._cases = Cases(tools)

    def exhibits(
        self,
        tenant: str,
        case_id: str,
        *,
        device: str | None,
        negative: Sequence[str],
        positive: Sequence[str],
        record: bytes | None,
    ) -> Exhibits:
        """Everything that is disclosed about one accused."""
        accused = find_accused(self._tools, tenant, case_id, device)
        members = self._release_members(tenant, accused) | self._log_members(accused) | _verdict_members(accused)
        looked = Looked.of(members, accused.recorded.verdict)
        asked = looked.asked
        answers = self._cases.answers(tenant, case_id)
        observed = read_observation(answers, probes=asked.count, classes=asked.classes)
        members |= {contents.ANSWERS: answers, contents.EXCHANGES: contents.exchanges(asked, observed)}
        members |= {} if record is None else {contents.ACQUISITION: record}
        chosen = [self._control(tenant, accused, looked, each, named=False) for each in negative]
        chosen += [self._control(tenant, accused, looked, each, named=True) for each in positive]
        members |= self._control_members(chosen)
        stamps = self._stamps(accused)
        members |= {name: data for _, files in stamps for name, data in files.items()}
        fresh = _fresh_scores(asked, observed)
        predicate = {
            "propositions": dict(PROPOSITIONS),
            **_openings(accused),
            "finding": contents.finding(_own(accused)),
            "tests": self._tests(tenant, accused),
            "sequential": contents.sequential(looked.plan, looked.number),
            **_controls(accused, looked, chosen, fresh),
            "acquisition": _acquisition(looked, observed, record),
            "log": self._checkpoint(),
            "timeStamps": [stated for stated, _ in stamps],
            "doesNotShow": list(contents.DOES_NOT_SHOW),
            "madeAt": entries.instant(self._tools.clock()),
        }
        return Exhibits(predicate=predicate, members=members, fresh_scores=fresh, timeline=self._timeline(accused))

    def _tests(self, tenant: str, accused: Accused) -> dict[str, int]:
        """How often somebody looked: devices corrected for, and verdicts about this release, whatever they said."""
        verdicts = self._tools.repository.cases.decided_about(tenant, accused.release.id)
        return {"devices": accused.recorded.verdict.devices, "verdicts": verdicts}

    def _release_members(self, tenant: str, accused: Accused) -> dict[str, bytes]:
        releases, name = Releases(self._tools), accused.release.name
        return {
            contents.PACK: releases.pack_bytes(tenant, name),
            contents.COMMITMENT: releases.commitment(tenant, name),
            contents.ENVIRONMENT: rfc8785.dumps(environment()),
        }

    def _log_members(self, accused: Accused) -> dict[str, bytes]:
        log, found = self._tools.log, dict[str, bytes]()
        for kind, index in accused.places().items():
            found[contents.entry_name(kind)] = log.entry(index).data
            found[contents.proof_name(kind)] = self._proof(index)
        _, reservation = entries.decode(found[contents.entry_name(EntryKind.RESERVATION)])
        after = int(reservation["after"])
        growth = log.consistency(after)
        note = growth.checkpoint.note
        found[contents.BEFORE_NONCE] = self._proof(accused.release.entry_index, after)
        found[contents.GROWTH] = AddCheckpoint(old=after, hashes=growth.hashes, note=note).render()
        return found

    def _proof(self, index: int, size: int | None = None) -> bytes:
        return ProofFile.of(self._tools.log.proof(index, size)).render().encode()

    def _control(self, tenant: str, accused: Accused, looked: Looked, case_id: str, *, named: bool) -> Control:
        case = self._cases.get(tenant, case_id)
        if case.release != accused.release.name or case_id == accused.recorded.case_id:
            raise MalformedValue(f"case {case_id} is no control: it is the case itself, or about another release")
        recorded = self._cases.verdict(tenant, case_id)
        return Control(
            case=case_id,
            entry_index=recorded.entry_index,
            look=looked.number_of(recorded.verdict),
            suspect=case.suspect,
            salt=self._tools.repository.cases.secrets(tenant, case_id).salt,
            answers=self._cases.answers(tenant, case_id),
            expect_named=named,
        )

    def _control_members(self, chosen: Sequence[Control]) -> dict[str, bytes]:
        if len(chosen) > MOST_CONTROLS:
            raise MalformedValue(f"{len(chosen)} controls; a pack takes at most {MOST_CONTROLS}")
        found = {}
        for number, each in enumerate(chosen):
            found[f"controls/{number}.observation"] = each.answers
            found[f"controls/{number}.entry"] = self._tools.log.entry(each.entry_index).data
            found[f"controls/{number}.tlog-proof"] = self._proof(each.entry_index)
        return found

    def _stamps(self, accused: Accused) -> list[tuple[dict[str, str], dict[str, bytes]]]:
        """The earliest time stamp of each entry: what is said of it, and its files."""
        found = []
        for kind, index in accused.places().items():
            for each in self._tools.log.timestamps(index, 1):
                stated = {"entry": kind.value, "statedTime": entries.instant(each.stamped_at)}
                proof = self._proof(index, each.checkpoint.size)
                name = f"timestamps/{kind.value}"
                found.append((stated, {f"{name}.tsr": each.token, f"{name}.tlog-proof": proof}))
        return found

    def _checkpoint(self) -> dict[str, Any]:
        newest = self._tools.log.checkpoint()
        return {"origin": newest.origin, "size": newest.size}

    def _timeline(self, accused: Accused) -> tuple[Milestone, ...]:
        read = ((kind, index, self._tools.log.entry(index)) for kind, index in accused.places().items())
        found = [
            Milestone(what=_WHAT[kind], index=index, at=str(entries.decode(entry.data)[1]["at"]))
            for kind, index, entry in read
        ]
        return tuple(sorted(found, key=lambda each: each.index))


def _own(accused: Accused) -> Any:
    """The verdict with the accused's row alone."""
    return dataclasses.replace(accused.recorded.verdict, ranked=(accused.row,))


def _verdict_members(accused: Accused) -> dict[str, bytes]:
    return {
        contents.SUMMARY: disclosure.summary_bytes(accused.recorded.verdict, accused.case_salt),
        contents.ROW: disclosure.row_bytes(accused.row),
    }


def _openings(accused: Accused) -> dict[str, Any]:
    """Names, nonce and codeword, each with the salt that opens what the log says of it."""
    text, key, copy = contents.to_text, accused.codeword_key, accused.copy.id
    return {
        "case": {
            "id": accused.recorded.case_id,
            "suspect": accused.recorded.suspect,
            "suspectSalt": text(entries.opening_salt(accused.case_salt, "suspect")),
        },
        "release": {"name": accused.release.name, "nameSalt": text(accused.release_salt)},
        "accused": {
            "device": accused.device.name,
            "deviceSalt": text(accused.device_salt),
            "deviceId": accused.device.id,
            "copy": copy,
            "artefact": accused.copy.artefact_digest,
            "method": accused.copy.method,
            "nonce": text(accused.nonce),
            "codeword": text(pack_bits(accused.codeword)),
            "codewordSalt": text(entries.codeword_salt(key, copy)),
            "rowSalt": text(disclosure.row_salt(accused.case_salt, copy)),
        },
    }


def _fresh_scores(asked: Release, observed: Observation) -> NDArray[np.float64]:
    count, bits = asked.rules.fresh, asked.bits
    drawn = judgement.fresh_codewords(asked.release_id, observed.digest, count=count, bits=bits)
    return scoring.scorer(evidence.gather(asked, observed)).score(drawn)


def _controls(
    accused: Accused, looked: Looked, chosen: Sequence[Control], fresh: NDArray[np.float64]
) -> dict[str, Any]:
    verdict = accused.recorded.verdict
    others = [row.score for row in verdict.ranked if row.device != accused.row.device]
    rescored = [
        controls.statement(each, number, looked.seen(each.look), accused.codeword, verdict.devices)
        for number, each in enumerate(chosen)
    ]
    return {
        "negativeControls": {
            "freshCodewords": {
                "count": len(fresh),
                "greatest": float(fresh.max()),
                "reachingThreshold": int((fresh >= verdict.threshold).sum()),
            },
            "otherCopies": {"ranked": len(others), "greatest": max(others, default=None)},
            "models": [each for each in rescored if not each["expectNamed"]],
        },
        "positiveControls": [each for each in rescored if each["expectNamed"]],
    }


def _acquisition(looked: Looked, observed: Observation, record: bytes | None) -> dict[str, Any]:
    return {
        "requests": canonical.digest(looked.asked.probes.tobytes()),
        "responses": observed.digest,
        "recorded": None if record is None else exchanges_in(record, looked.release, observed),
    }
