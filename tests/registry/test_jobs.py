"""Jobs and leases: whoever has a step is alone with it, and every probe is answered once, whatever happens."""

import json
from datetime import timedelta
from typing import Any

import pytest

from registry.errors import CaseDecided, JobEnded, JobNotFailed, JobOpen, LeaseLost, MalformedValue
from registry.jobs import JobState, Lease, NewJob, steps_of
from registry.usecases.leases import MOST_FAILURES, MOST_LEASES
from registry.verification import verify_case

ON_EVERY_DATABASE = True

ASKING = NewJob(suspect="s", spec=b'{"a":1}', credential=b"hush", batch=50)
STEPS = [(0, 50), (50, 100), (100, 120), (120, 120)]


def opened(filled: Any, new: NewJob = ASKING) -> str:
    """A job about a new case."""
    with filled.store.unit() as registry:
        case = registry.open_case(filled.tenant, "v1", suspect="x")
        return str(registry.open_job(filled.tenant, case.id, new).id)


def take(store: Any, owner: str = "me", seconds: float = 60) -> Lease | None:
    """A lease in a unit of its own."""
    with store.unit() as registry:
        lease: Lease | None = registry.leases.take(owner, seconds)
        return lease


def change(store: Any, name: str, *args: Any, **named: Any) -> Any:
    """What a worker does, in a unit of its own."""
    with store.unit() as registry:
        return getattr(registry.leases, name)(*args, **named)


def job_of(filled: Any, job_id: str) -> Any:
    """The job as it stands."""
    with filled.store.reading() as registry:
        return registry.job(filled.tenant, job_id)


def test_the_steps_cover_every_probe_once_and_end_with_a_look() -> None:
    """Whatever looks and batch."""
    assert steps_of([120], 50) == STEPS
    assert steps_of([10, 30], 100) == [(0, 10), (10, 10), (10, 30), (30, 30)]


def test_steps_are_leased_in_order_one_at_a_time(filled: Any) -> None:
    """While one is leased nobody gets another of that job; what is sealed comes with the lease."""
    job_id = opened(filled)
    for number, (start, stop) in enumerate(STEPS[:-1]):
        lease = take(filled.store)
        assert lease is not None
        assert (lease.seq, lease.start, lease.stop, lease.last) == (number, start, stop, stop == 120)
        assert (lease.spec, lease.credential) == (b'{"a":1}', b"hush")
        assert take(filled.store, "other") is None
        change(filled.store, "answer", lease, json.dumps({"start": start}).encode())
    look = take(filled.store)
    assert look is not None
    assert look.looks
    assert look.last
    with filled.store.reading() as registry:
        assert [json.loads(line)["start"] for line in registry.leases.answers(look)] == [0, 50, 100]
    job = job_of(filled, job_id)
    assert (job.state, job.asked, job.answered) == (JobState.RUNNING, 120, 120)


def test_an_expired_lease_is_anybodys_and_a_kept_one_is_not(filled: Any, clock: Any) -> None:
    """Time is the registry's clock; who lost the lease cannot answer, who merely let it expire can."""
    opened(filled)
    lease = take(filled.store, "dead", 30)
    clock.now += timedelta(seconds=20)
    change(filled.store, "keep", lease, 30)
    clock.now += timedelta(seconds=20)
    assert take(filled.store, "alive") is None
    clock.now += timedelta(seconds=20)
    again = take(filled.store, "alive", 30)
    assert again is not None
    assert (again.start, again.owner) == (0, "alive")
    for name, args in (("answer", [b"{}"]), ("keep", [30]), ("give_back", []), ("fail", ["x"]), ("postpone", ["x", 1])):
        with pytest.raises(LeaseLost):
            change(filled.store, name, lease, *args)
    clock.now += timedelta(seconds=60)
    change(filled.store, "answer", again, b"{}")


def test_priority_first_then_the_longest_wait(filled: Any) -> None:
    """Of two with one priority, the older."""
    low, old, high = (opened(filled, NewJob(suspect="s", spec=b"", priority=p)) for p in (-1, 0, 5))
    young = opened(filled)
    assert [lease.job_id for _ in range(4) if (lease := take(filled.store))] == [high, old, young, low]


def test_no_answer_puts_the_step_off_and_too_often_fails_the_job(filled: Any, clock: Any) -> None:
    """Tried again, it begins to count anew."""
    job_id = opened(filled)
    for failures in range(1, MOST_FAILURES + 1):
        lease = take(filled.store)
        assert lease is not None
        job = change(filled.store, "postpone", lease, "no\nanswer", 100)
        assert job.state == (JobState.RUNNING if failures < MOST_FAILURES else JobState.FAILED)
        assert take(filled.store) is None
        clock.now += timedelta(seconds=101)
    assert job.failure.startswith("no answer; so 5 times in a row")
    assert f"countermark job retry {job_id}" in job.failure
    with filled.store.unit() as registry:
        registry.retry_job(filled.tenant, job_id)
        with pytest.raises(JobNotFailed):
            registry.retry_job(filled.tenant, job_id)
    assert take(filled.store) is not None


def test_a_step_that_takes_its_workers_down_fails_the_job(filled: Any, clock: Any) -> None:
    """It is not tried for ever."""
    job_id = opened(filled)
    for _ in range(MOST_LEASES):
        assert take(filled.store, seconds=1) is not None
        clock.now += timedelta(seconds=2)
    assert take(filled.store) is None
    assert "never came to an end" in job_of(filled, job_id).failure


def test_the_budget_counts_what_was_put_to_the_suspect(filled: Any, clock: Any) -> None:
    """Answers lost included; the look at the end costs nothing."""
    job_id = opened(filled, NewJob(suspect="s", spec=b"", batch=50, budget=170))
    take(filled.store, seconds=1)
    clock.now += timedelta(seconds=2)
    for _ in range(3):
        change(filled.store, "answer", take(filled.store), b"{}")
    assert (job_of(filled, job_id).asked, job_of(filled, job_id).answered) == (170, 120)
    assert take(filled.store) is not None
    small = opened(filled, NewJob(suspect="s", spec=b"", batch=50, budget=49))
    assert take(filled.store) is None
    assert job_of(filled, small).state == JobState.FAILED


def test_what_is_not_allowed_changes_nothing(filled: Any, answers: Any) -> None:
    """One job about a case at a time, none about a decided one, numbers within their ranges."""
    job_id = opened(filled)
    case_id = job_of(filled, job_id).case_id
    with filled.store.unit() as registry:
        with pytest.raises(JobOpen):
            registry.open_job(filled.tenant, case_id, ASKING)
        for wrong in ({"batch": 0}, {"batch": 5000}, {"priority": 101}, {"budget": 0}):
            with pytest.raises(MalformedValue):
                registry.open_job(filled.tenant, case_id, NewJob(suspect="s", spec=b"", **wrong))
        with pytest.raises(MalformedValue):
            registry.job_events(filled.tenant, job_id, after=-1)
        verify_case(registry, filled.tenant, case_id, kind="logits", answers=answers)
        with pytest.raises(CaseDecided):
            registry.open_job(filled.tenant, case_id, ASKING)
    assert take(filled.store) is None
    assert "has its verdict" in job_of(filled, job_id).failure


def test_a_job_cancelled_under_way_keeps_the_answer_and_records_no_verdict(filled: Any) -> None:
    """The credential is gone; what the step under way brings in is kept, and nothing follows."""
    job_id = opened(filled)
    lease = take(filled.store)
    with filled.store.unit() as registry:
        assert registry.cancel_job(filled.tenant, job_id).state == JobState.CANCELLED
        with pytest.raises(JobEnded):
            registry.cancel_job(filled.tenant, job_id)
    change(filled.store, "answer", lease, b"{}")
    job = job_of(filled, job_id)
    assert (job.state, job.answered) == (JobState.CANCELLED, 50)
    assert take(filled.store) is None
    with filled.store.unit() as registry:
        stored = registry.leases._stored.stored(filled.tenant, job_id)
        assert stored.credential is None
        with pytest.raises(JobNotFailed):
            registry.retry_job(filled.tenant, job_id)


def test_what_is_sealed_moves_to_a_new_key(filled: Any) -> None:
    """A job's data key is among those that are rewrapped."""
    before = sum(filled.store.key_status().rows.values())
    opened(filled)
    assert sum(filled.store.key_status().rows.values()) == before + 1


def test_a_file_is_kept_sealed_until_its_job_has_ended(filled: Any, data_dir: Any) -> None:
    """What is undone ends nothing; a failed job keeps its file for a retry, a cancelled one loses it."""
    packs = set((data_dir / "packs").iterdir())
    model = b"the model's bytes" * 9
    job_id = opened(filled, NewJob(suspect="s", spec=b"{}", file=model, batch=200))
    (kept,) = set((data_dir / "packs").iterdir()) - packs
    assert model[:17] not in kept.read_bytes()
    lease = take(filled.store)
    assert lease is not None
    with filled.store.reading() as registry:
        assert registry.leases.file(lease) == model
    change(filled.store, "fail", lease, "useless")
    with pytest.raises(JobEnded), filled.store.unit() as registry:
        [registry.cancel_job(filled.tenant, job_id) for _ in range(2)]
    filled.store.remove_job_files(filled.tenant)
    assert kept.exists()
    with filled.store.unit() as registry:
        registry.cancel_job(filled.tenant, job_id)
    assert kept.exists()
    _require_lost(filled.store, lease)
    kept.unlink()  # killed before its name was removed too
    for _ in range(2):
        _require_lost(filled.store, lease)
        filled.store.remove_job_files(filled.tenant)
        assert not kept.exists()
    _require_lost(filled.store, lease)


def _require_lost(store: Any, lease: Lease) -> None:
    with store.reading() as registry, pytest.raises(LeaseLost):
        registry.leases.file(lease)
