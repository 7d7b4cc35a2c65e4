"""Verdicts as they were logged before they had a summary: an explicit form, accepted at a log's beginning alone."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fingerprint import canonical
from registry.audit import FIRST_FORM
from registry.errors import EntryTampered, VerdictTampered
from registry.log import entries
from registry.records import EntryKind, RecordedVerdict
from registry.verification import verify_case, weigh

VECTOR = dict(
    line.split(": ", 1)
    for line in (Path(__file__).parent / "vectors/verdict_first_form.txt").read_text(encoding="utf-8").splitlines()
)


def test_the_form_is_the_one_that_was_written() -> None:
    """Byte for byte what the registry's code of then made of the same fields."""
    same = {name: VECTOR[name] for name in ("tenant", "case", "release", "suspect", "observation", "verdict")}
    fields = entries.verdict_first_form(
        **same, salt=bytes.fromhex(VECTOR["salt"]), at=datetime.fromisoformat(VECTOR["at"])
    )
    assert entries.encode(EntryKind.VERDICT, fields).hex() == VECTOR["entry"]
    kind, decoded = entries.decode(bytes.fromhex(VECTOR["entry"]))
    assert entries.is_first_form(kind, decoded)
    assert not entries.is_first_form(EntryKind.ISSUE, decoded)


def _decide_as_before(filled: Any, answers: Any) -> None:
    """A verdict recorded as it was then: the same row, and an entry of the first form."""
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="model of before")
        verdict = weigh(registry, filled.tenant, case.id, kind="logits", answers=answers).verdict
        tools, stored = registry._cases._tools, registry._cases._stored
        tools.log.lock()
        secrets, now, digest = stored.secrets(filled.tenant, case.id), tools.clock(), canonical.digest
        fields = entries.verdict_first_form(
            tenant=filled.tenant,
            case=case.id,
            release=secrets.release_pk,
            salt=secrets.salt,
            suspect=case.suspect,
            observation=verdict.observation_digest,
            verdict=digest(verdict.to_bytes()),
            at=now,
        )
        recorded = RecordedVerdict(
            case_id=case.id,
            release="v1",
            suspect=case.suspect,
            verdict=verdict,
            names={},
            verdict_digest=digest(verdict.to_bytes()),
            observation_digest=verdict.observation_digest,
            recorded_at=now,
            entry_index=tools.log.append(EntryKind.VERDICT, fields),
        )
        stored.record(filled.tenant, recorded)


def _decide_as_now(filled: Any, answers: Any) -> None:
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="model of now")
        verify_case(registry, filled.tenant, case.id, kind="logits", answers=answers)


def test_an_audit_accepts_and_counts_it_apart(filled: Any, answers: Any) -> None:
    """A log that begins with such verdicts is sound, and the report says how many there are."""
    _decide_as_before(filled, answers)
    _decide_as_before(filled, answers)
    _decide_as_now(filled, answers)
    found = filled.store.audit().entries
    assert (found[FIRST_FORM], found["verdict"]) == (2, 1)


def test_after_a_verdict_with_a_summary_it_is_refused(filled: Any, answers: Any) -> None:
    """Nobody can leave the summary out today and call it a form of before."""
    _decide_as_now(filled, answers)
    _decide_as_before(filled, answers)
    with pytest.raises(EntryTampered, match="without a summary"):
        filled.store.audit()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE investigation SET suspect = 'another'",
        "UPDATE investigation SET salt = zeroblob(32)",
        "UPDATE verification SET recorded_at = '2030-01-01 00:00:00.000000'",
    ],
)
def test_its_row_is_held_to_it(filled: Any, answers: Any, raw_update: Any, edit: str) -> None:
    """The form of before speaks of everything but the summary, and an edited row does not pass."""
    _decide_as_before(filled, answers)
    raw_update(edit)
    with pytest.raises(VerdictTampered):
        filled.store.audit()
