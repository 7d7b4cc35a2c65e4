"""The registry's use-cases, one method each.

A `Registry` belongs to one unit of work of a `Store` (`registry/store.py`): it never commits, and everything it does
in a unit happens or nothing does. It gets all it needs in its constructor and returns frozen values of
`registry/records/`. `tenant` is always a tenant's id; another tenant's things are unknown.

What is appended to the log in a unit is signed right after that unit has been committed, never before, so that no
signed checkpoint can be lost or contradicted. Hence two rules for callers:

- read the proof of an entry in a later unit than the one that wrote it (`NotPublished` otherwise);
- reserve copies in a later unit than the one that committed the release (`NotCommitted` otherwise).
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import cached_property

from fingerprint.pack import VerifierPack
from fingerprint.verdict import Verdict
from fingerprint.verify import Candidates
from registry.codebooks import Codebook
from registry.dossier.exhibits import Exhibits
from registry.jobs import Job, JobEvent, NewJob
from registry.records import (
    ApiKey,
    Case,
    Checkpoint,
    ConsistencyProof,
    Copy,
    Device,
    Entry,
    Held,
    Hold,
    InclusionProof,
    Method,
    NewApiKey,
    NewDevice,
    Page,
    Possession,
    PossessionChallenge,
    Principal,
    RecordedVerdict,
    Release,
    Reservation,
    Retention,
    Scope,
    Tenant,
    TimeStamp,
)
from registry.reports import StaticFile
from registry.requests import Done, Request
from registry.usecases.access import Access
from registry.usecases.cases import Cases
from registry.usecases.copies import Copies
from registry.usecases.devices import Devices
from registry.usecases.exhibition import Exhibition
from registry.usecases.holds import Holds
from registry.usecases.jobs import Jobs
from registry.usecases.leases import Leases
from registry.usecases.ledger import Ledger
from registry.usecases.possession import Possessions
from registry.usecases.releases import Releases
from registry.usecases.requests import Requests
from registry.usecases.retention import Retaining
from registry.usecases.tools import Tools


class Registry:
    """One door to all use-cases; each group of them lives in one module of `registry/usecases/`."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    # Each is made when it is first asked for: a unit uses one or two of them.
    _access = cached_property(lambda self: Access(self._tools))
    _devices = cached_property(lambda self: Devices(self._tools))
    _releases = cached_property(lambda self: Releases(self._tools))
    _copies = cached_property(lambda self: Copies(self._tools))
    _cases = cached_property(lambda self: Cases(self._tools))
    _holds = cached_property(lambda self: Holds(self._tools))
    _retaining = cached_property(lambda self: Retaining(self._tools))
    _possessions = cached_property(lambda self: Possessions(self._tools))
    _ledger = cached_property(lambda self: Ledger(self._tools))
    _exhibition = cached_property(lambda self: Exhibition(self._tools))
    _jobs = cached_property(lambda self: Jobs(self._tools))
    _leases = cached_property(lambda self: Leases(self._tools))
    _requests = cached_property(lambda self: Requests(self._tools))

    # --- tenants and API keys -----------------------------------------------------------------------------------

    def create_tenant(self, name: str) -> Tenant:
        """A new organisation. Raises MalformedName, DuplicateName."""
        return self._access.create_tenant(name)

    def tenant(self, name: str) -> Tenant:
        """The organisation of that name. Raises UnknownTenant."""
        return self._access.tenant(name)

    def create_api_key(
        self, tenant: str, name: str, scopes: AbstractSet[Scope], expires_at: datetime | None = None
    ) -> NewApiKey:
        """A new key, its token shown this once. Raises MalformedName, MalformedValue, DuplicateName, UnknownTenant."""
        return self._access.create_api_key(tenant, name, scopes, expires_at)

    def authenticate(self, token: str) -> Principal:
        """Who presents this token. Raises UnknownToken, ExpiredToken."""
        return self._access.authenticate(token)

    def api_keys(self, tenant: str) -> tuple[ApiKey, ...]:
        """Every key of the tenant, by name, without tokens."""
        return self._access.api_keys(tenant)

    def page_of_api_keys(self, tenant: str, *, after: str | None = None, limit: int = 100) -> Page[ApiKey]:
        """Keys by name, without tokens. Raises MalformedValue for a limit outside 1..1000."""
        return self._access.page_of_keys(tenant, after=after, limit=limit)

    def rotate_api_key(self, tenant: str, key_id: str, *, overlap: timedelta, name: str | None = None) -> NewApiKey:
        """A new key in the place of one that ends after the overlap.

        Raises UnknownApiKey, KeyEnded, MalformedValue, MalformedName, DuplicateName.
        """
        return self._access.rotate_api_key(tenant, key_id, overlap=overlap, name=name)

    def revoke_api_key(self, tenant: str, key_id: str) -> ApiKey:
        """The key, refused from now on. Raises UnknownApiKey, AlreadyRevoked."""
        return self._access.revoke_api_key(tenant, key_id)

    # --- devices ------------------------------------------------------------------------------------------------

    def enroll_device(
        self,
        tenant: str,
        name: str,
        *,
        helper_data: bytes,
        identity: str,
        codeword_key: bytes,
        possession_key: bytes | None = None,
    ) -> Device:
        """A new device. Raises MalformedName, MalformedValue, DuplicateName, UnknownTenant."""
        new = NewDevice(
            name=name,
            helper_data=helper_data,
            identity=identity,
            codeword_key=codeword_key,
            possession_key=possession_key,
        )
        return self._devices.enroll(tenant, [new])[0]

    def enroll_devices(self, tenant: str, devices: Sequence[NewDevice]) -> tuple[Device, ...]:
        """New devices, all of them or none, in the order given; many at once are many times as fast. Raises as one."""
        return self._devices.enroll(tenant, devices)

    def reenroll_device(
        self, tenant: str, name: str, *, helper_data: bytes, identity: str, possession_key: bytes | None = None
    ) -> Device:
        """The device, enrolled again. Raises MalformedValue, UnknownDevice, DeviceRevoked, DeviceForgotten."""
        return self._devices.reenroll(
            tenant, name, helper_data=helper_data, identity=identity, possession_key=possession_key
        )

    def device(self, tenant: str, name: str) -> Device:
        """The device of that name. Raises UnknownDevice."""
        return self._devices.get(tenant, name)

    def helper_data(self, tenant: str, name: str) -> bytes:
        """Helper data of the device, as given at its latest enrolment. Raises UnknownDevice."""
        return self._devices.helper_data(tenant, name)

    def devices(self, tenant: str, *, after: str | None = None, limit: int = 100) -> Page[Device]:
        """Devices by name. Raises MalformedValue for a limit outside 1..1000."""
        return self._devices.page(tenant, after=after, limit=limit)

    def revoke_device(self, tenant: str, name: str) -> Device:
        """The device, refused new copies from now on. Raises UnknownDevice, AlreadyRevoked."""
        return self._devices.revoke(tenant, name)

    def forget_device(self, tenant: str, name: str) -> Device:
        """The device, its key, name and helper data destroyed. Raises UnknownDevice, DeviceForgotten, UnderHold."""
        return self._devices.forget(tenant, name)

    # --- legal holds and retention ------------------------------------------------------------------------------

    def place_hold(self, tenant: str, held: Held | str, subject: str, *, reason: str) -> Hold:
        """A legal hold on a device (by name), copy or case (by id). Raises NotFound, MalformedName, MalformedValue."""
        return self._holds.place(tenant, held, subject, reason=reason)

    def lift_hold(self, tenant: str, hold_id: str) -> Hold:
        """The legal hold, no longer in force. Raises UnknownHold, AlreadyLifted."""
        return self._holds.lift(tenant, hold_id)

    def holds(self, tenant: str, *, after: str | None = None, limit: int = 100) -> Page[Hold]:
        """Legal holds by id, lifted ones included. Raises MalformedValue for a limit outside 1..1000."""
        return self._holds.page(tenant, after=after, limit=limit)

    def apply_retention(self, tenant: str, before: datetime, *, rehearse: bool = False) -> Retention:
        """Forget what was revoked before an instant, unless it is held. Raises MalformedValue for one after now."""
        return self._retaining.apply(tenant, before, rehearse=rehearse)

    def answers_destroyed(self, tenant: str, cases: Sequence[str]) -> frozenset[str]:
        """Those of at most some hundreds of cases whose suspects' answers a retention period destroyed."""
        return self._retaining.destroyed(tenant, cases)

    # --- proof of possession: `registry.proving` puts the steps together ------------------------------------------

    def open_challenge(self, tenant: str, device: str, *, purpose: str, seconds: int) -> PossessionChallenge:
        """A challenge for the device. Raises UnknownDevice, DeviceForgotten, PossessionKeyMissing, MalformedValue."""
        return self._possessions.open(tenant, device, purpose=purpose, seconds=seconds)

    def challenge(self, tenant: str, challenge_id: str) -> PossessionChallenge:
        """The challenge of that id. Raises UnknownChallenge, DeviceForgotten."""
        return self._possessions.get(tenant, challenge_id)

    def answer_challenge(self, tenant: str, challenge_id: str, *, public_key: bytes, signature: bytes) -> None:
        """The challenge, used up. Raises UnknownChallenge, ChallengeUsed or -Expired, and what `challenge` raises."""
        self._possessions.answer(tenant, challenge_id, public_key=public_key, signature=signature)

    def judge_answer(self, tenant: str, challenge_id: str) -> Possession:
        """What the answer showed, whatever it is, in the log. Raises UnknownChallenge, ChallengeUsed."""
        return self._possessions.judge(tenant, challenge_id)

    def possession(self, tenant: str, challenge_id: str) -> Possession | None:
        """What the answer showed, None while there is none. Raises UnknownChallenge, DeviceForgotten."""
        return self._possessions.outcome(tenant, challenge_id)

    # --- releases -----------------------------------------------------------------------------------------------

    def commit_release(
        self,
        tenant: str,
        name: str,
        *,
        pack: bytes,
        reference_models: Iterable[str] = (),
        first_look: int | None = None,
    ) -> Release:
        """A release, committed by its verifier pack; `fingerprint.commitment` says to what.

        Args:
            tenant: id of the tenant.
            name: of the release, unique within the tenant.
            pack: bytes of its verifier pack.
            reference_models: digests of the files of the unsigned models behind the pack's references.
            first_look: commit to a sequential plan that looks first after so many probes, then at doubled numbers.

        Raises:
            MalformedName, MalformedDigest, PackMalformed, DuplicateName, DuplicateRelease: what they say.
            fingerprint.errors.ParameterError: a first look at fewer than two probes.
        """
        return self._releases.commit(tenant, name, pack=pack, reference_models=reference_models, first_look=first_look)

    def commitment(self, tenant: str, release: str) -> bytes:
        """Canonical bytes of the release's commitment, as its digest stands in the log. Raises UnknownRelease."""
        return self._releases.commitment(tenant, release)

    def release(self, tenant: str, name: str) -> Release:
        """The release of that name. Raises UnknownRelease."""
        return self._releases.get(tenant, name)

    def releases(self, tenant: str, *, after: str | None = None, limit: int = 100) -> Page[Release]:
        """Releases by name. Raises MalformedValue for a limit outside 1..1000."""
        return self._releases.page(tenant, after=after, limit=limit)

    def pack(self, tenant: str, release: str) -> VerifierPack:
        """The release's verifier pack, its digest checked; read-only. Raises UnknownRelease, BlobTampered."""
        return self._releases.pack(tenant, release)

    def pack_bytes(self, tenant: str, release: str) -> bytes:
        """The release's verifier pack as stored, its digest checked. Raises UnknownRelease, BlobTampered."""
        return self._releases.pack_bytes(tenant, release)

    # --- copies -------------------------------------------------------------------------------------------------

    def reserve_copy(self, tenant: str, release: str, device: str) -> Reservation:
        """Nonce and codeword of a copy to be made. Raises UnknownRelease or -Device, DeviceRevoked, NotCommitted."""
        return self._copies.reserve(tenant, release, device)

    def issue_copy(self, tenant: str, copy_id: str, *, artefact_digest: str, method: Method | str) -> Copy:
        """The copy, issued. Raises UnknownCopy, AlreadyIssued, DeviceRevoked, MalformedDigest, MalformedValue."""
        return self._copies.issue(tenant, copy_id, artefact_digest=artefact_digest, method=method)

    def copy(self, tenant: str, copy_id: str) -> Copy:
        """The copy of that id. Raises UnknownCopy."""
        return self._copies.get(tenant, copy_id)

    def copies(
        self, tenant: str, release: str | None = None, *, after: str | None = None, limit: int = 100
    ) -> Page[Copy]:
        """Copies in the order of their reservation. Raises UnknownRelease, MalformedValue."""
        return self._copies.page(tenant, release, after=after, limit=limit)

    def copies_of_artefact(
        self, tenant: str, artefact_digest: str, *, after: str | None = None, limit: int = 100
    ) -> Page[Copy]:
        """Copies issued as exactly this file, as they were reserved. Raises MalformedDigest, MalformedValue."""
        return self._copies.of_artefact(tenant, artefact_digest, after=after, limit=limit)

    # --- cases --------------------------------------------------------------------------------------------------

    def open_case(self, tenant: str, release: str, *, suspect: str) -> Case:
        """A new case: whose copy of this release is the suspect? Raises UnknownRelease, MalformedName."""
        return self._cases.open(tenant, release, suspect=suspect)

    def case(self, tenant: str, case_id: str) -> Case:
        """The case of that id. Raises UnknownCase."""
        return self._cases.get(tenant, case_id)

    def decidable(self, tenant: str, case_id: str, *, job: str | None = None) -> Case:
        """The case, if answers that this job got, or without a job that are sent, may still decide it.

        Raises UnknownCase, CaseDecided, LooksTaken.
        """
        return self._cases.decidable(tenant, case_id, job=job)

    def cases(self, tenant: str, *, after: str | None = None, limit: int = 100) -> Page[Case]:
        """Cases by id. Raises MalformedValue for a limit outside 1..1000."""
        return self._cases.page(tenant, after=after, limit=limit)

    def candidates(self, tenant: str, release: str) -> Candidates:
        """Every reserved copy's codeword, unsealed: to be called only once the evidence is fixed.

        Raises UnknownRelease, SealBroken.
        """
        return self._copies.candidates(tenant, release)

    def codebook(self, tenant: str, release: str) -> Codebook:
        """The same, packed in memory and kept there: for schemes that score by codewords alone.

        Raises UnknownRelease, SealBroken.
        """
        return self._copies.codebook(tenant, release)

    def reserved(self, tenant: str, release: str) -> int:
        """Copies of a release ever reserved, those of forgotten devices included. Raises UnknownRelease."""
        return self._copies.count(tenant, release)

    def enrolled(self, tenant: str) -> int:
        """How many devices were ever enrolled, revoked ones included."""
        return self._devices.count(tenant)

    def record_verdict(
        self,
        tenant: str,
        case_id: str,
        verdict: Verdict,
        *,
        observation_digest: str,
        answers: bytes | None = None,
        job: str | None = None,
    ) -> RecordedVerdict:
        """The verdict, in the log, and the answers kept; `job` got them, if one did.

        Raises UnknownCase, CaseDecided, LooksTaken, ForeignVerdict, Malformed.
        """
        return self._cases.record(
            tenant, case_id, verdict, observation_digest=observation_digest, answers=answers, job=job
        )

    def verdict(self, tenant: str, case_id: str) -> RecordedVerdict:
        """The case's verdict. Raises UnknownCase, CaseUndecided."""
        return self._cases.verdict(tenant, case_id)

    def answers(self, tenant: str, case_id: str) -> bytes:
        """Bytes of the observation that a verdict rests on. Raises UnknownCase, CaseUndecided, AnswersGone."""
        return self._cases.answers(tenant, case_id)

    def exhibits(
        self,
        tenant: str,
        case_id: str,
        *,
        device: str | None = None,
        negative: Sequence[str] = (),
        positive: Sequence[str] = (),
        record: bytes | None = None,
    ) -> Exhibits:
        """What an evidence pack about one accused discloses.

        Args:
            tenant: id of the tenant.
            case_id: a decided case.
            device: name of the accused; the one that the verdict names when left out.
            negative: ids of decided cases of the same release whose suspects are no copies of the accused's.
            positive: the same, whose suspects are.
            record: how the answers were got (`registry.evidence.acquisition`), if that was recorded.

        Raises:
            UnknownCase, CaseUndecided, AnswersGone, DeviceForgotten: nothing to show, or no longer.
            MalformedValue: no such accused, or a case that is no control of this one.
            MalformedEvidence, NotShown: no record of exchanges, or of other ones.
            fingerprint.errors.PackMalformed: a scheme whose verdicts the offline verifier does not recompute.
        """
        return self._exhibition.exhibits(
            tenant, case_id, device=device, negative=negative, positive=positive, record=record
        )

    def seal_pack(self, exhibits: Exhibits, attachments: Mapping[str, bytes]) -> bytes:
        """The evidence pack, signed by the log's key and verified. Raises MalformedEvidence, NotShown."""
        return self._ledger.seal_pack(exhibits, attachments)

    # --- durable jobs -------------------------------------------------------------------------------------------

    def open_job(self, tenant: str, case_id: str, new: NewJob) -> Job:
        """A new job about an open case. Raises UnknownCase, CaseDecided, LooksTaken, JobOpen, MalformedValue."""
        return self._jobs.open(tenant, case_id, new)

    def job(self, tenant: str, job_id: str) -> Job:
        """The job of that id. Raises UnknownJob."""
        return self._jobs.get(tenant, job_id)

    def jobs(self, tenant: str, *, after: str | None = None, limit: int = 100) -> Page[Job]:
        """Jobs by id. Raises MalformedValue for a limit outside 1..1000."""
        return self._jobs.page(tenant, after=after, limit=limit)

    def job_events(self, tenant: str, job_id: str, *, after: int = 0, limit: int = 100) -> tuple[JobEvent, ...]:
        """What happened to a job after the event of that number. Raises UnknownJob, MalformedValue."""
        return self._jobs.events(tenant, job_id, after=after, limit=limit)

    def cancel_job(self, tenant: str, job_id: str) -> Job:
        """The job, cancelled for good. Raises UnknownJob, JobEnded."""
        return self._jobs.cancel(tenant, job_id)

    def files_of_ended_jobs(self, tenant: str) -> list[tuple[str, str]]:
        """Id and uploaded model's digest of every job that was done or cancelled and whose file is still there."""
        return self._jobs.files_of_ended(tenant)

    def forget_job_files(self, tenant: str, jobs: Iterable[str]) -> None:
        """Note that the files of these jobs were removed."""
        self._jobs.forget_files(tenant, jobs)

    def retry_job(self, tenant: str, job_id: str, *, budget: int | None = None) -> Job:
        """A failed job, going on where it stopped. Raises JobNotFailed, and what `open_job` raises."""
        return self._jobs.retry(tenant, job_id, budget=budget)

    def job_record(self, tenant: str, case_id: str) -> bytes | None:
        """The exchanges of the latest job about a case, JSON lines; None without a job. Raises UnknownCase."""
        return self._jobs.record(tenant, case_id)

    @property
    def leases(self) -> Leases:
        """Steps of all tenants' jobs: for workers only."""
        return self._leases

    # --- requests that are done once ----------------------------------------------------------------------------

    def done_request(self, tenant: str, request: Request) -> Done | None:
        """What came of a request under the same key, None if it was not done. Raises AnswerForgotten."""
        return self._requests.done(tenant, request)

    def keep_answer(self, tenant: str, request: Request, answer: str) -> None:
        """Store the answer to a request in the unit that does what it asks for; it is kept for a day."""
        self._requests.keep(tenant, request, answer)

    # --- the log ------------------------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint:
        """The newest signed checkpoint; every log has one, of size 0 at first."""
        return self._ledger.checkpoint()

    def verifier_key(self) -> str:
        """The log's public key as a C2SP vkey: `name+hex+base64`."""
        return self._ledger.verifier_key()

    def entry(self, index: int) -> Entry:
        """The entry's exact bytes. Raises UnknownEntry."""
        return self._ledger.entry(index)

    def proof(self, entry_index: int, *, size: int | None = None) -> InclusionProof:
        """That the entry is under the newest checkpoint, or the one of `size`. Raises UnknownEntry, NotPublished."""
        return self._ledger.proof(entry_index, size)

    def timestamps(self, entry_index: int, *, after: str | None = None, limit: int = 100) -> Page[TimeStamp]:
        """RFC 3161 time stamps that date the entry, the earliest first. Raises UnknownEntry, MalformedValue."""
        return self._ledger.timestamps(entry_index, after=after, limit=limit)

    def tile(self, path: str) -> StaticFile:
        """A static file below `/tile/`, by its C2SP path. Raises MalformedValue, UnknownEntry."""
        return self._ledger.tile(path)

    def consistency(self, old_size: int) -> ConsistencyProof:
        """That the newest checkpoint extends the tree of `old_size` entries. Raises UnknownEntry."""
        return self._ledger.consistency(old_size)
