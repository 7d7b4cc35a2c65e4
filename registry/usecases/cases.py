"""Cases and their verdicts."""

from fingerprint import canonical
from fingerprint.verdict import Verdict
from registry.errors import (
    AnswersGone,
    CaseDecided,
    CaseUndecided,
    ForeignVerdict,
    LooksTaken,
    UnknownCase,
    UnknownRelease,
)
from registry.jobs import Job, JobState
from registry.log import disclosure, entries
from registry.records import Case, EntryKind, Page, RecordedVerdict
from registry.repository.cases import SealedAnswers
from registry.sealing import RowIdentity
from registry.usecases.tools import SALT_BYTES, Tools, require_digest, require_limit, require_text


def answers_row(tenant: str, case_id: str) -> RowIdentity:
    """Identity of the row of a case's answers."""
    return RowIdentity("answers", tenant, case_id)


class Cases:
    """A question, and its one answer."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.cases

    def open(self, tenant: str, release: str, *, suspect: str) -> Case:
        """A new case."""
        asked = self._tools.repository.releases.named(tenant, release) if release.isprintable() else None
        if asked is None:
            raise UnknownRelease(f"there is no release '{release}'; commit it first")
        case = Case(
            id=self._tools.new_id(),
            release=release,
            suspect=require_text(suspect, "suspect"),
            opened_at=self._tools.clock(),
            decided=False,
        )
        self._stored.add(tenant, case, release_pk=asked.id, salt=self._tools.entropy(SALT_BYTES))
        return case

    def get(self, tenant: str, case_id: str) -> Case:
        """The case of that id."""
        case = self._stored.get(tenant, case_id) if case_id.isprintable() else None
        if case is None:
            raise UnknownCase(f"there is no case with the id '{case_id}'; open one first")
        return case

    def decidable(self, tenant: str, case_id: str, *, job: str | None = None) -> Case:
        """The case, if answers that this job got may decide it, or answers that are sent, where no job is given.

        The looks of a plan spend all of alpha together, so whoever has taken one goes on with the plan, or stops.
        """
        case = self.get(tenant, case_id)
        if case.decided:
            raise CaseDecided(f"case {case_id} has its verdict; open another case to test again")
        for looked, count in self._tools.repository.jobs.looked_about(tenant, case_id):
            if looked.id != job:
                raise LooksTaken(_looked(looked, count))
        return case

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Case]:
        """Cases by id."""
        return self._stored.page(tenant, after, require_limit(limit))

    def record(
        self,
        tenant: str,
        case_id: str,
        verdict: Verdict,
        *,
        observation_digest: str,
        answers: bytes | None,
        job: str | None = None,
    ) -> RecordedVerdict:
        """The verdict, in the log and with its case, once; with the answers that it rests on, sealed."""
        require_digest(observation_digest, "observation")
        self._tools.log.lock()
        case = self.decidable(tenant, case_id, job=job)
        secrets = self._stored.secrets(tenant, case_id)
        if verdict.release != secrets.release_id:
            raise ForeignVerdict(f"the verdict is about {verdict.release}, the case about {secrets.release_id}")
        if verdict.observation_digest != observation_digest:
            raise ForeignVerdict("the verdict rests on other answers than those it is to be recorded with")
        if answers is not None and canonical.digest(answers) != observation_digest:
            raise ForeignVerdict("the answers to be kept are not those that the verdict rests on")
        recorded = self._log(tenant, case, verdict, secrets.release_pk, secrets.salt)
        self._stored.record(tenant, recorded)
        if answers is not None:
            self._keep(tenant, case_id, answers)
        return recorded

    def answers(self, tenant: str, case_id: str) -> bytes:
        """Canonical bytes of the observation that the case's verdict rests on, opened."""
        self.verdict(tenant, case_id)
        kept = self._stored.answers(tenant, case_id)
        if kept is None or kept.data_key is None:
            raise AnswersGone(f"the answers of case {case_id} were not kept, or were destroyed; decide another case")
        row, file = answers_row(tenant, case_id), self._tools.blobs.get(kept.file)
        return self._tools.sealer.open(kept.data_key, row, "file", file)

    def verdict(self, tenant: str, case_id: str) -> RecordedVerdict:
        """The case's verdict."""
        self.get(tenant, case_id)
        recorded = self._stored.verdict(tenant, case_id)
        if recorded is None:
            raise CaseUndecided(f"case {case_id} has no verdict yet; send the suspect's answers")
        return recorded

    def _keep(self, tenant: str, case_id: str, answers: bytes) -> None:
        row, sealer = answers_row(tenant, case_id), self._tools.sealer
        data_key = sealer.new_data_key(row)
        file = self._tools.blobs.put(sealer.seal(data_key, row, "file", answers))
        self._stored.keep_answers(tenant, case_id, SealedAnswers(file=file, data_key=data_key))

    def _log(self, tenant: str, case: Case, verdict: Verdict, release_pk: str, salt: bytes) -> RecordedVerdict:
        now, digest = self._tools.clock(), canonical.digest(verdict.to_bytes())
        fields = entries.verdict(
            tenant=tenant,
            case=case.id,
            release=release_pk,
            salt=salt,
            suspect=case.suspect,
            observation=verdict.observation_digest,
            verdict=digest,
            summary=canonical.digest(disclosure.summary_bytes(verdict, salt)),
            at=now,
        )
        return RecordedVerdict(
            case_id=case.id,
            release=case.release,
            suspect=case.suspect,
            verdict=verdict,
            names=self._stored.names(tenant, [score.device for score in verdict.ranked]),
            verdict_digest=digest,
            observation_digest=verdict.observation_digest,
            recorded_at=now,
            entry_index=self._tools.log.append(EntryKind.VERDICT, fields),
        )


_ONWARDS = {
    JobState.DONE: "read its verdict",
    JobState.FAILED: "try that job again (countermark job retry)",
    JobState.CANCELLED: "open another case; that is another test, at an alpha of its own",
}


def _looked(job: Job, count: int) -> str:
    taken = "1 look" if count == 1 else f"{count} looks"
    onwards = _ONWARDS.get(job.state, "follow that job (countermark job follow)")
    return (
        f"job {job.id} ({job.state}) took {taken} of the plan about case {job.case_id}, and no other answers may decide"
        f" it: {onwards}"
    )
