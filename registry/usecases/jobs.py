"""Durable jobs, for whoever wants a verdict: opened, followed, cancelled, tried again (`registry.jobs`)."""

import json
from collections.abc import Iterable

from fingerprint.commitment import Commitment
from registry.errors import JobEnded, JobNotFailed, JobOpen, MalformedValue
from registry.jobs import Happened, Job, JobEvent, JobState, NewJob, steps_of
from registry.records import Page
from registry.repository.jobs import StoredJob
from registry.usecases.cases import Cases
from registry.usecases.job_rows import JobRows, job_row
from registry.usecases.releases import Releases
from registry.usecases.tools import Tools, require_limit

MOST_BATCH, MOST_PRIORITY, MOST_PROBES = 4096, 100, (1 << 31) - 1


class Jobs:
    """A tenant's jobs."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.jobs
        self._rows = JobRows(tools)
        self._cases = Cases(tools)
        self._releases = Releases(tools)

    def open(self, tenant: str, case_id: str, new: NewJob) -> Job:
        """A new job about an open case, all its steps laid out."""
        _check(new)
        case = self._cases.decidable(tenant, case_id)
        self._require_alone(tenant, case_id)
        commitment = Commitment.from_bytes(self._releases.commitment(tenant, case.release))
        count = int(commitment.pack["probe_count"])
        looks = [count] if commitment.plan is None else [look.probes for look in commitment.plan.looks]
        stored = self._new(tenant, case_id, new, probes=looks[-1], digest=str(commitment.pack["probes"]))
        self._stored.add(tenant, stored, steps_of(looks, new.batch))
        return self._rows.told(tenant, stored.job.id, Happened.OPENED)

    def get(self, tenant: str, job_id: str) -> Job:
        """The job of that id."""
        return self._rows.found(tenant, job_id).job

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Job]:
        """Jobs by id."""
        return self._stored.page(tenant, after, require_limit(limit))

    def events(self, tenant: str, job_id: str, *, after: int, limit: int) -> tuple[JobEvent, ...]:
        """What happened to the job after the event of that number."""
        self._rows.found(tenant, job_id)
        if not 0 <= after < 1 << 31:
            raise MalformedValue(f"an event's number is at least 1, not {after}")
        return self._stored.events(tenant, job_id, after, require_limit(limit))

    def cancel(self, tenant: str, job_id: str) -> Job:
        """The job, cancelled for good and its credential destroyed. A step under way may end; no other is begun."""
        job = self._rows.found(tenant, job_id).job
        if job.state in (JobState.DONE, JobState.CANCELLED):
            raise JobEnded(f"job {job_id} is {job.state} already")
        return self._rows.end(tenant, job_id, JobState.CANCELLED, Happened.CANCELLED, credential=None)

    def files_of_ended(self, tenant: str) -> list[tuple[str, str]]:
        """Id and uploaded file's digest of every job that was done or cancelled and whose file is still there."""
        return self._stored.files_of_ended(tenant)

    def forget_files(self, tenant: str, jobs: Iterable[str]) -> None:
        """Note that the files of these jobs were removed."""
        for job_id in jobs:
            self._stored.change(tenant, job_id, file=None)

    def retry(self, tenant: str, job_id: str, *, budget: int | None = None) -> Job:
        """The job that failed, going on where it stopped; with another budget if one is given."""
        job = self._rows.found(tenant, job_id).job
        if job.state != JobState.FAILED:
            raise JobNotFailed(f"job {job_id} is {job.state}; only a job that failed is tried again")
        _check_budget(budget)
        self._cases.decidable(tenant, job.case_id, job=job_id)
        self._require_alone(tenant, job.case_id)
        self._stored.reset_attempts(tenant, job_id)
        self._stored.change(
            tenant,
            job_id,
            state=JobState.WAITING,
            failures=0,
            not_before=self._tools.clock(),
            failure=None,
            ended_at=None,
            budget=job.budget if budget is None else budget,
        )
        return self._rows.told(tenant, job_id, Happened.RETRIED)

    def record(self, tenant: str, case_id: str) -> bytes | None:
        """The exchanges of the latest job about the case, JSON lines as of a file of them; None without a job."""
        self._cases.get(tenant, case_id)
        found = self._stored.latest_about(tenant, case_id)
        if found is None or found.data_key is None:  # nobody was asked, or what was answered was destroyed
            return None
        job = found.job
        head = {"version": 1, "suspect": job.suspect, "probes": found.probes_digest, "batch": job.batch, "job": job.id}
        lines = [json.dumps(head, separators=(",", ":")).encode(), *self._rows.answers(tenant, found)]
        return b"".join(line + b"\n" for line in lines)

    def _require_alone(self, tenant: str, case_id: str) -> None:
        other = self._stored.open_about(tenant, case_id)
        if other is not None:
            raise JobOpen(f"job {other} about case {case_id} is not done yet; wait for it, or cancel it")

    def _new(self, tenant: str, case_id: str, new: NewJob, *, probes: int, digest: str) -> StoredJob:
        now, job_id, sealer = self._tools.clock(), self._tools.new_id(), self._tools.sealer
        row = job_row(tenant, job_id)
        data_key = sealer.new_data_key(row)
        job = Job(
            id=job_id,
            case_id=case_id,
            state=JobState.WAITING,
            suspect=new.suspect,
            kind=new.kind,
            batch=new.batch,
            priority=new.priority,
            budget=new.budget,
            probes=probes,
            asked=0,
            answered=0,
            failures=0,
            not_before=now,
            failure=None,
            created_at=now,
            ended_at=None,
        )
        credential = new.credential
        file = None if new.file is None else self._rows.keep_file(row, data_key, new.file)
        return StoredJob(
            job=job,
            next=0,
            probes_digest=digest,
            data_key=data_key,
            spec=sealer.seal(data_key, row, "spec", new.spec),
            credential=None if credential is None else sealer.seal(data_key, row, "credential", credential),
            file=file,
        )


def _check(new: NewJob) -> None:
    if not 1 <= new.batch <= MOST_BATCH:
        raise MalformedValue(f"a step asks 1 to {MOST_BATCH} probes, not {new.batch}")
    if not -MOST_PRIORITY <= new.priority <= MOST_PRIORITY:
        raise MalformedValue(f"a priority is between -{MOST_PRIORITY} and {MOST_PRIORITY}, not {new.priority}")
    _check_budget(new.budget)


def _check_budget(budget: int | None) -> None:
    if budget is not None and not 1 <= budget <= MOST_PROBES:
        raise MalformedValue(f"a budget is at least one probe, not {budget}")
