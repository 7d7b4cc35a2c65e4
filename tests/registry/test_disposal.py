"""Retention of what suspects answered: destroyed in time, kept by a legal hold, in the log either way."""

from datetime import timedelta
from typing import Any

import pytest

from registry.errors import AnswersGone, VerdictTampered
from registry.jobs import NewJob
from registry.log import entries
from registry.records import EntryKind, Held, RecordedVerdict
from registry.verification import verify_case

ON_EVERY_DATABASE = True


@pytest.fixture
def cutoff(filled: Any, decided: RecordedVerdict, clock: Any) -> Any:
    """A year after the verdict."""
    clock.now += timedelta(days=400)
    return clock.now - timedelta(days=30)


def _apply(filled: Any, cutoff: Any, **choice: Any) -> Any:
    with filled.store.unit() as registry:
        return registry.apply_retention(filled.tenant, cutoff, **choice)


def _kept(filled: Any, case: str) -> bool:
    with filled.store.reading() as registry:
        try:
            return bool(registry.answers(filled.tenant, case))
        except AnswersGone:
            return False


def test_old_answers_are_destroyed_once_and_the_log_says_so(filled: Any, decided: RecordedVerdict, cutoff: Any) -> None:
    """A rehearsal changes nothing; then key and answers are gone, the verdict stays, and the audit is content."""
    case = decided.case_id
    assert _apply(filled, cutoff, rehearse=True).answers == (case,)
    assert _kept(filled, case)
    before = filled.store.audit().size
    done = _apply(filled, cutoff)
    assert (done.answers, done.answers_held) == ((case,), ())
    assert not _kept(filled, case)
    assert _apply(filled, cutoff).answers == ()
    report = filled.store.audit()
    assert (report.size, report.entries["disposal"]) == (before + 1, 1)
    with filled.store.reading() as registry:
        assert registry.verdict(filled.tenant, case).verdict == decided.verdict
        kind, fields = entries.decode(registry.entry(before).data)
        with pytest.raises(AnswersGone):
            registry.exhibits(filled.tenant, case, device="pump 1")
    assert (kind, fields["case"]) == (EntryKind.DISPOSAL, case)


def test_late_verdicts_and_other_tenants_keep_theirs(filled: Any, decided: RecordedVerdict, clock: Any) -> None:
    """What was decided after the cutoff stays, and a tenant's retention touches nobody else's answers."""
    with filled.store.unit() as registry:
        stranger = registry.create_tenant("stranger").id
    clock.now += timedelta(days=400)
    assert _apply(filled, decided.recorded_at).answers == ()
    with filled.store.unit() as registry:
        assert registry.apply_retention(stranger, clock.now).answers == ()
    assert _kept(filled, decided.case_id)


@pytest.mark.parametrize("held", Held)
def test_a_hold_keeps_the_answers(filled: Any, decided: RecordedVerdict, cutoff: Any, held: Held) -> None:
    """On the case, on a copy of its release, or on a device with such a copy; lifted, they may go."""
    subject = {"device": "pump 1", "copy": filled.reservations[1].copy_id, "case": decided.case_id}[held]
    with filled.store.unit() as registry:
        hold = registry.place_hold(filled.tenant, held, subject, reason="Case 7")
    done = _apply(filled, cutoff)
    assert (done.answers, done.answers_held) == ((), (decided.case_id,))
    assert _kept(filled, decided.case_id)
    with filled.store.unit() as registry:
        registry.lift_hold(filled.tenant, hold.id)
    assert _apply(filled, cutoff).answers == (decided.case_id,)
    assert not _kept(filled, decided.case_id)


def test_a_hold_on_what_has_no_part_in_the_case_keeps_nothing(
    filled: Any, decided: RecordedVerdict, cutoff: Any, enrol: Any
) -> None:
    """A device without a copy of the release was not among those that the verdict chose from."""
    enrol(filled.tenant, "without a copy")
    with filled.store.unit() as registry:
        registry.place_hold(filled.tenant, "device", "without a copy", reason="Case 7")
    assert _apply(filled, cutoff).answers == (decided.case_id,)


def test_what_a_job_was_answered_goes_too(
    filled: Any, pack: Any, answers: Any, decided: RecordedVerdict, clock: Any
) -> None:
    """The steps of a job hold the same answers: their key is destroyed, and the record is gone."""
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="asked")
        job = registry.open_job(filled.tenant, case.id, NewJob(suspect="s", spec=b"{}", batch=pack.count))
    with filled.store.unit() as registry:
        lease = registry.leases.take("w", 600)
        registry.leases.answer(lease, b'{"start": 0}')
    with filled.store.unit() as registry:
        lease = registry.leases.take("w", 600)
        verify_case(registry, filled.tenant, case.id, kind="logits", answers=answers)
        registry.leases.decided(lease, kind="logits")
    with filled.store.reading() as registry:
        assert registry.job_record(filled.tenant, case.id).endswith(b'{"start": 0}\n')
    clock.now += timedelta(days=400)
    assert set(_apply(filled, clock.now).answers) == {decided.case_id, case.id}
    with filled.store.reading() as registry:
        assert registry.job_record(filled.tenant, case.id) is None
        assert registry.job(filled.tenant, job.id).answered == pack.count
    assert filled.store.key_status().settled
    assert filled.store.audit().entries["disposal"] == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE disposal SET disposed_at = '2030-01-01 00:00:00.000000'",
        "DELETE FROM disposal",
        "UPDATE answers SET data_key = x'00'",
        "INSERT INTO disposal SELECT tenant_id, id, opened_at, 0 FROM investigation WHERE suspect = 'open'",
    ],
)
def test_edited_disposals_are_found(
    filled: Any, decided: RecordedVerdict, cutoff: Any, raw_update: Any, statement: str
) -> None:
    """A disposal moved, deleted or made up, or answers that come back after it, fail the audit."""
    with filled.store.unit() as registry:
        registry.open_case(filled.tenant, "v1", suspect="open")
    _apply(filled, cutoff)
    raw_update(statement)
    with pytest.raises(VerdictTampered):
        filled.store.audit()
