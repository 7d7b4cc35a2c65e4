"""Durable jobs, for workers: leases of steps, and what came of them.

Every method that changes something runs in a writing unit, and the units of one registry are done one after another, on
any number of machines: whoever finds a step free and takes it is alone with it. Times are the registry's clock's.
"""

from datetime import timedelta
from typing import Any

from fingerprint.commitment import Commitment
from fingerprint.statistics import SequentialPlan
from registry.errors import Conflict, LeaseLost, SealBroken
from registry.jobs import OPEN, Happened, Job, JobState, Lease
from registry.repository.due import Due
from registry.repository.jobs import StoredJob, StoredStep
from registry.usecases.cases import Cases
from registry.usecases.job_rows import JobRows, job_row, short
from registry.usecases.releases import Releases
from registry.usecases.tools import Tools

MOST_LEASES = 50
"""A step that was begun so often without an end takes its worker down each time; the job fails."""
MOST_FAILURES = 5
"""So often in a row a step may bring nothing: the suspect gives no answer, or the step breaks down."""


class Leases:
    """The steps of all jobs, one at a time."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.jobs
        self._rows = JobRows(tools)
        self._cases = Cases(tools)
        self._releases = Releases(tools)

    def due(self, only: Due | None = None) -> Due | None:
        """The job, of whatever tenant unless one job is meant, whose next step may be begun now."""
        return self._tools.repository.due.first(self._tools.clock(), only)

    def all_due(self, most: int) -> list[Due]:
        """So many jobs at most, of all tenants, whose next step may be begun now, in the order in which they go."""
        return self._tools.repository.due.all(self._tools.clock(), most=most)

    def tenants_with_files(self) -> list[str]:
        """Ids of the tenants of whose ended jobs files were left behind, or are just being removed."""
        return self._tools.repository.due.tenants_with_files()

    def take(self, owner: str, seconds: float, only: Due | None = None) -> Lease | None:
        """A lease of a step that is due; None if there is none, or if the job that was due has to fail instead."""
        due = self._tools.repository.due.first(now := self._tools.clock(), only)
        if due is None:
            return None
        found = self._rows.found(due.tenant, due.job_id)
        step = self._step(due.tenant, due.job_id, found.next)
        reason = self._hindrance(due.tenant, found.job, step)
        if reason is not None:
            self._rows.fail(due.tenant, due.job_id, reason)
            return None
        try:
            lease = self._lease(due, found, step, owner)
        except SealBroken as broken:  # never opens again; left as it is, the job would be due for ever
            self._rows.fail(due.tenant, due.job_id, f"{broken}; open another job")
            return None
        expires = now + timedelta(seconds=seconds)
        self._stored.change_step(
            due.tenant,
            due.job_id,
            step.seq,
            lease_owner=owner,
            lease_expires_at=expires,
            attempts=step.attempts + 1,
        )
        asked = found.job.asked + step.stop - step.start
        self._stored.change(due.tenant, due.job_id, state=JobState.RUNNING, asked=asked)
        return lease

    def keep(self, lease: Lease, seconds: float) -> None:
        """Put off the lease's expiry."""
        self._require_mine(lease)
        expires = self._tools.clock() + timedelta(seconds=seconds)
        self._stored.change_step(lease.tenant, lease.job_id, lease.seq, lease_expires_at=expires)

    def give_back(self, lease: Lease, *, unasked: bool = False) -> None:
        """Let the step go, for anybody to take; `unasked`: its probes were not put to the suspect."""
        self._release(lease, unasked=unasked)

    def answer(self, lease: Lease, line: bytes) -> None:
        """The answers to the step's probes, with their exchange: kept, and the next step free to be taken."""
        found = self._require_mine(lease)
        row = job_row(lease.tenant, lease.job_id)
        sealed = self._tools.sealer.seal(_key(found), row, f"answers/{lease.seq}", line)
        self._free(lease, answers=sealed, done_at=self._tools.clock())
        answered = found.job.answered + lease.stop - lease.start
        self._stored.change(lease.tenant, lease.job_id, answered=answered, failures=0, failure=None, next=lease.seq + 1)
        self._rows.told(lease.tenant, lease.job_id, Happened.ANSWERED)

    def answers(self, lease: Lease) -> list[bytes]:
        """All answers so far, opened."""
        return self._rows.answers(lease.tenant, self._rows.found(lease.tenant, lease.job_id))

    def file(self, lease: Lease) -> bytes:
        """The file that the suspect is, opened. Raises LeaseLost, if the job has ended meanwhile."""
        return self._rows.file(lease.tenant, self._rows.found(lease.tenant, lease.job_id))

    def plan(self, tenant: str, case_id: str) -> SequentialPlan | None:
        """The looks that were committed with the case's release."""
        release = self._cases.get(tenant, case_id).release
        return Commitment.from_bytes(self._releases.commitment(tenant, release)).plan

    def undecided(self, lease: Lease, *, kind: str) -> None:
        """Nobody could be named at this look: go on. The answers' kind is settled from now on."""
        self._require_mine(lease)
        self._free(lease, done_at=self._tools.clock())
        self._stored.change(lease.tenant, lease.job_id, failures=0, failure=None, next=lease.seq + 1, kind=kind)
        self._rows.told(lease.tenant, lease.job_id, Happened.LOOKED)

    def decided(self, lease: Lease, *, kind: str) -> Job:
        """The case has its verdict, recorded in this very unit; the credential is destroyed."""
        if self._require_mine(lease).job.state not in OPEN:
            raise LeaseLost(f"job {lease.job_id} was cancelled; its verdict is not recorded")
        self._free(lease, done_at=self._tools.clock())
        values = {"credential": None, "kind": kind, "next": lease.seq + 1, "failures": 0, "failure": None}
        return self._rows.end(lease.tenant, lease.job_id, JobState.DONE, Happened.DECIDED, **values)

    def postpone(self, lease: Lease, reason: str, seconds: float, *, unasked: bool = False) -> Job:
        """Nothing came of it: the step is tried again after a while; too often in a row, and the job fails.

        Args:
            lease: of the step.
            reason: why; whoever reads that the job failed reads this, and how to have it go on.
            seconds: how long a while is.
            unasked: the step's probes were not put to the suspect.
        """
        job = self._release(lease, unasked=unasked).job
        if job.failures + 1 >= MOST_FAILURES or job.state not in OPEN:
            way_out = f"; so {MOST_FAILURES} times in a row. Mend it, then: countermark job retry {lease.job_id}"
            return self._rows.fail(lease.tenant, lease.job_id, short(reason, room_for=way_out) + way_out)
        later = self._tools.clock() + timedelta(seconds=seconds)
        self._stored.change(
            lease.tenant, lease.job_id, failures=job.failures + 1, not_before=later, failure=short(reason)
        )
        return self._rows.told(lease.tenant, lease.job_id, Happened.POSTPONED)

    def fail(self, lease: Lease, reason: str) -> Job:
        """The step cannot be done; the job stops until somebody tries it again."""
        self._require_mine(lease)
        self._free(lease)
        return self._rows.fail(lease.tenant, lease.job_id, reason)

    def _step(self, tenant: str, job_id: str, seq: int) -> StoredStep:
        step = self._stored.step(tenant, job_id, seq)
        if step is None:
            raise LeaseLost(f"job {job_id} has no step {seq}")
        return step

    def _hindrance(self, tenant: str, job: Job, step: StoredStep) -> str | None:
        """Why the step must not be begun."""
        try:
            self._cases.decidable(tenant, job.case_id, job=job.id)
        except Conflict as error:
            return f"nothing more is asked: {error}"
        if step.attempts >= MOST_LEASES:
            return f"the probes from {step.start} on were begun {step.attempts} times and never came to an end"
        asked = job.asked + step.stop - step.start
        if job.budget is not None and asked > job.budget and step.start < step.stop:
            return f"{job.asked} probes were asked, and {job.budget} may be; try the job again with a larger budget"
        return None

    def _lease(self, due: Due, found: StoredJob, step: StoredStep, owner: str) -> Lease:
        row, sealer = job_row(due.tenant, due.job_id), self._tools.sealer
        credential = found.credential
        return Lease(
            tenant=due.tenant,
            job_id=due.job_id,
            case_id=found.job.case_id,
            owner=owner,
            seq=step.seq,
            start=step.start,
            stop=step.stop,
            last=step.stop == found.job.probes,
            kind=found.job.kind,
            spec=sealer.open(found.data_key, row, "spec", found.spec),
            credential=None if credential is None else sealer.open(found.data_key, row, "credential", credential),
        )

    def _require_mine(self, lease: Lease) -> StoredJob:
        """The job, if its step is still the lease's. An expired lease that nobody else took is as good as new."""
        found = self._rows.found(lease.tenant, lease.job_id)
        if self._step(lease.tenant, lease.job_id, lease.seq).lease_owner != lease.owner:
            raise LeaseLost(f"step {lease.seq} of job {lease.job_id} was taken by another worker, or is done")
        return found

    def _release(self, lease: Lease, *, unasked: bool) -> StoredJob:
        """The job, its step free again, and its probes not counted when they were not put to the suspect."""
        found = self._require_mine(lease)
        self._free(lease)
        if unasked:
            self._stored.change(lease.tenant, lease.job_id, asked=found.job.asked - (lease.stop - lease.start))
        return found

    def _free(self, lease: Lease, **values: Any) -> None:
        self._stored.change_step(
            lease.tenant, lease.job_id, lease.seq, lease_owner=None, lease_expires_at=None, **values
        )


def _key(found: StoredJob) -> bytes:
    if found.data_key is None:
        raise LeaseLost(f"the data key of job {found.job.id} was destroyed; open another job")
    return found.data_key
