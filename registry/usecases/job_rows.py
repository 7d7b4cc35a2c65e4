"""A tenant's jobs as stored: finding them, changing them, telling what happened. Shared by the use-cases about jobs."""

import json
from typing import Any

from registry.errors import LeaseLost, UnknownJob
from registry.jobs import ENDED, OPEN, Happened, Job, JobState
from registry.repository.jobs import StoredJob
from registry.sealing import RowIdentity
from registry.usecases.tools import Tools

LONGEST_REASON = 500


def job_row(tenant: str, job_id: str) -> RowIdentity:
    """Identity of a job's row."""
    return RowIdentity("verification_job", tenant, job_id)


class JobRows:
    """Stored jobs."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.jobs

    def found(self, tenant: str, job_id: str) -> StoredJob:
        """The job of that id. Raises UnknownJob."""
        found = self._stored.stored(tenant, job_id) if job_id.isprintable() else None
        if found is None:
            raise UnknownJob(f"there is no job with the id '{job_id}'; list them")
        return found

    def answers(self, tenant: str, found: StoredJob) -> list[bytes]:
        """Answers and exchange of every step that was answered, opened, each a JSON object."""
        row, sealer = job_row(tenant, found.job.id), self._tools.sealer
        kept = self._stored.sealed_answers(tenant, found.job.id)
        return [sealer.open(found.data_key, row, f"answers/{seq}", sealed) for seq, sealed in kept]

    def keep_file(self, row: RowIdentity, data_key: bytes, data: bytes) -> str:
        """Digest of the sealed file that a job's suspect is."""
        return self._tools.blobs.put(self._tools.sealer.seal(data_key, row, "suspect", data))

    def file(self, tenant: str, found: StoredJob) -> bytes:
        """The file that a job's suspect is, opened. Raises LeaseLost, if the job has ended: it is gone, or will be."""
        if found.file is None or found.job.state in ENDED:
            raise LeaseLost(f"the file of job {found.job.id} was destroyed when the job ended")
        sealed = self._tools.blobs.get(found.file)
        return self._tools.sealer.open(found.data_key, job_row(tenant, found.job.id), "suspect", sealed)

    def fail(self, tenant: str, job_id: str, reason: str) -> Job:
        """The job, failed; one that was cancelled meanwhile stays so."""
        job = self.found(tenant, job_id).job
        if job.state not in OPEN:
            return job
        return self.end(tenant, job_id, JobState.FAILED, Happened.FAILED, failure=short(reason))

    def end(self, tenant: str, job_id: str, state: JobState, name: Happened, **values: Any) -> Job:
        """The job in a state in which it does not go on by itself."""
        self._stored.change(tenant, job_id, state=state, ended_at=self._tools.clock(), **values)
        return self.told(tenant, job_id, name)

    def told(self, tenant: str, job_id: str, name: Happened) -> Job:
        """The job as it is now, with an event that says so."""
        job = self.found(tenant, job_id).job
        told = {"state": str(job.state), "probes": job.probes, "asked": job.asked, "answered": job.answered}
        data = json.dumps(told if job.failure is None else {**told, "failure": job.failure}, separators=(",", ":"))
        self._stored.tell(tenant, job_id, name, data, self._tools.clock())
        return job


def short(reason: str, *, room_for: str = "") -> str:
    """A reason in one line of bearable length, which what follows it does not exceed."""
    return " ".join(reason.split())[: LONGEST_REASON - len(room_for)]
