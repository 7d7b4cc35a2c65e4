"""Leases under a state machine: however workers come, die and come back, a step is one worker's at a time."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from registry.errors import LeaseLost
from registry.jobs import JobState, Lease, NewJob


class Leasing(RuleBasedStateMachine):
    """Workers that take, keep, lose, answer and die, while time passes; a model of who may do what."""

    leases = Bundle("leases")
    store: Any
    tenant: str
    clock: Any

    @initialize()
    def begin(self) -> None:
        """Two jobs."""
        self.jobs = [self._opened(), self._opened()]
        self.mine: dict[str, tuple[Lease, datetime]] = {}
        self.answered: dict[str, list[int]] = {job: [] for job in self.jobs}

    def teardown(self) -> None:
        """Cancel them, for the next two."""
        with self.store.unit() as registry:
            for job in getattr(self, "jobs", []):
                registry.cancel_job(self.tenant, job)

    def _take(self, owner: str, seconds: int) -> Lease | None:
        with self.store.unit() as registry:
            lease: Lease | None = registry.leases.take(owner, seconds)
            return lease

    def _change(self, name: str, *args: Any, **named: Any) -> None:
        with self.store.unit() as registry:
            getattr(registry.leases, name)(*args, **named)

    def _opened(self) -> str:
        with self.store.unit() as registry:
            case = registry.open_case(self.tenant, "v1", suspect="x")
            new = NewJob(suspect="s", spec=b"", batch=50)
            return str(registry.open_job(self.tenant, case.id, new).id)

    @rule(target=leases, owner=st.sampled_from("abc"), seconds=st.sampled_from([10, 1000]))
    def take(self, owner: str, seconds: int) -> Any:
        """A step that nobody holds, the first of its job that is not done."""
        lease = self._take(owner + str(self.clock.now), seconds)
        if lease is None:
            busy = [job for job, (_, expires) in self.mine.items() if expires > self.clock.now - timedelta(seconds=9)]
            assert len(busy) + sum(len(done) == 4 for done in self.answered.values()) >= 2
            return multiple()
        held = self.mine.get(lease.job_id)
        assert held is None or held[1] <= self.clock.now
        assert lease.seq == len(self.answered[lease.job_id])
        self.mine[lease.job_id] = (lease, self.clock.now + timedelta(seconds=seconds - 9))
        return lease

    @rule(lease=consumes(leases))
    def answer(self, lease: Lease) -> None:
        """Whoever still has the step may answer; anybody else may not."""
        has = self.mine.get(lease.job_id, (None, None))[0] == lease
        try:
            if lease.looks:
                self._change("undecided", lease, kind="logits")
            else:
                self._change("answer", lease, b"{}")
        except LeaseLost:
            assert not has
            return
        assert has
        del self.mine[lease.job_id]
        self.answered[lease.job_id].append(lease.seq)

    @rule(lease=consumes(leases))
    def give_back(self, lease: Lease) -> None:
        """Free for anybody at once."""
        try:
            self._change("give_back", lease)
        except LeaseLost:
            assert self.mine.get(lease.job_id, (None, None))[0] != lease
            return
        del self.mine[lease.job_id]

    @rule(seconds=st.sampled_from([1, 20, 2000]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock.now += timedelta(seconds=seconds)

    @invariant()
    def every_step_is_answered_once_in_order(self) -> None:
        """No step twice, none left out."""
        for done in getattr(self, "answered", {}).values():
            assert done == list(range(len(done)))


def test_leases_never_overlap(filled: Any, clock: Any) -> None:
    """However workers come, die and come back."""
    bound = {"store": filled.store, "tenant": filled.tenant, "clock": clock}
    checked = settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(type("Machine", (Leasing,), bound), settings=checked)
    with filled.store.reading() as registry:
        jobs = registry.jobs(filled.tenant, limit=1000).items
    assert len(jobs) >= 2
    assert {job.state for job in jobs} == {JobState.CANCELLED}
