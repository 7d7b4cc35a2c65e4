"""All that one tenant can do, each in one unit of work, as values of the wire.

The HTTP routes and the local commands call the same methods here; `api.client.Client` has them too, over HTTP.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, TypeVar

from numpy.typing import NDArray
from pydantic import BaseModel

from api import pages
from api.bom import committed_of, copies_in_bom, release_bom
from api.evidence import Checkpoint, ConsistencyProof, Entry, InclusionProof, LogKey, TimeStamp, Verdict
from api.job_schemas import Job, JobEvent
from api.jobs.following import follow
from api.once import Again, Claim, unclaimed
from api.possession import DEFAULT_SECONDS, Challenge, Possession
from api.schemas import ApiKey, Case, Copy, Device, Hold, IssuedApiKey, ListOf, Release, Reservation, Retention, page
from api.suspects.outputs import read_outputs
from api.tracing import step
from registry.proving import prove_possession
from registry.records import Scope
from registry.service import Registry
from registry.store import Store
from registry.verification import settle, weigh

Made = TypeVar("Made", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One tenant's door to the registry.

    Attributes:
        store: where the registry lives.
        tenant: the tenant's id; another tenant's things are unknown here.
        max_array_bytes: the most bytes that a suspect's answers may occupy once unpacked.
        claim: the key under which what is asked for is done once, if there is one by then.

    Every method raises the registry's errors as they are; one that raises has changed nothing.
    """

    store: Store
    tenant: str
    max_array_bytes: int
    claim: Callable[[], Claim | None] = unclaimed

    def once(self, work: Callable[[Registry], Made], location: Callable[[Made], str | None] = lambda _: None) -> Made:
        """What the work gives in one unit; under a key at most once, its answer kept in the same unit.

        Raises:
            Replayed, KeyReused, AnswerForgotten: something was done under this key.
        """
        claim = self.claim()
        with self.store.unit() as registry:
            if claim is None:
                return work(registry)
            claim.require_new(registry)
            made = work(registry)
            claim.keep(registry, body=made.model_dump_json(), location=location(made))
        return made

    # --- devices ------------------------------------------------------------------------------------------------

    def enroll_device(
        self, name: str, *, helper_data: bytes, identity: str, codeword_key: bytes, possession_key: bytes | None = None
    ) -> Device:
        """Enrol a device by what its PUF's enrolment gave; never by a response."""
        return self.once(
            lambda registry: Device.of(
                registry.enroll_device(
                    self.tenant,
                    name,
                    helper_data=helper_data,
                    identity=identity,
                    codeword_key=codeword_key,
                    possession_key=possession_key,
                )
            )
        )

    def reenroll_device(
        self, name: str, *, helper_data: bytes, identity: str, possession_key: bytes | None = None
    ) -> Device:
        """Enrol a device again, by what its PUF's re-enrolment gave."""
        given: dict[str, Any] = {"helper_data": helper_data, "identity": identity, "possession_key": possession_key}
        return self.once(lambda registry: Device.of(registry.reenroll_device(self.tenant, name, **given)))

    def device(self, name: str) -> Device:
        """One device."""
        with self.store.reading() as registry:
            return Device.of(registry.device(self.tenant, name))

    def devices(self, *, after: str | None = None, limit: int = 100) -> ListOf[Device]:
        """Devices by name, revoked ones included."""
        with self.store.reading() as registry:
            return page(Device, registry.devices(self.tenant, after=pages.decode(after), limit=limit))

    def helper_data(self, name: str) -> bytes:
        """A device's helper data, the latest."""
        with self.store.reading() as registry:
            return registry.helper_data(self.tenant, name)

    def revoke_device(self, name: str) -> Device:
        """Issue no further copies for the device."""
        return self.once(lambda registry: Device.of(registry.revoke_device(self.tenant, name)))

    def forget_device(self, name: str) -> Device:
        """Destroy the device's key, name and helper data; its copies cannot be traced any more."""
        return self.once(lambda registry: Device.of(registry.forget_device(self.tenant, name)))

    # --- legal holds and retention ------------------------------------------------------------------------------

    def place_hold(self, held: str, subject: str, *, reason: str) -> Hold:
        """Keep everything that a device (by name), copy or case (by id) rests on from being forgotten."""
        return self.once(lambda registry: Hold.of(registry.place_hold(self.tenant, held, subject, reason=reason)))

    def lift_hold(self, hold_id: str) -> Hold:
        """End a legal hold."""
        return self.once(lambda registry: Hold.of(registry.lift_hold(self.tenant, hold_id)))

    def holds(self, *, after: str | None = None, limit: int = 100) -> ListOf[Hold]:
        """Legal holds, lifted ones included."""
        with self.store.reading() as registry:
            return page(Hold, registry.holds(self.tenant, after=pages.decode(after), limit=limit))

    def apply_retention(self, before: datetime, *, rehearse: bool = False) -> Retention:
        """Forget devices revoked, and answers of cases decided, before a time unless held; drop keys that ended."""
        return self.once(
            lambda registry: Retention.of(registry.apply_retention(self.tenant, before, rehearse=rehearse))
        )

    # --- proof of possession --------------------------------------------------------------------------------------

    def open_challenge(self, device: str, *, purpose: str, seconds: int = DEFAULT_SECONDS) -> Challenge:
        """Ask a device to prove that it is the enrolled one."""
        return self.once(
            lambda registry: Challenge.showing(
                registry.open_challenge(self.tenant, device, purpose=purpose, seconds=seconds), None
            )
        )

    def challenge(self, challenge_id: str) -> Challenge:
        """One challenge, and what its answer showed."""
        with self.store.reading() as registry:
            found, shown = registry.challenge(self.tenant, challenge_id), registry.possession(self.tenant, challenge_id)
            record = None if shown is None else Possession.proved(shown, registry.proof(shown.entry_index))
        return Challenge.showing(found, record)

    def prove_possession(self, challenge_id: str, *, public_key: bytes, signature: bytes) -> Possession:
        """Answer a challenge, once; only a proof that holds is returned, and each is logged."""
        claim = self.claim()

        def proven(registry: Registry) -> None:
            if claim is not None:
                claim.keep(registry, again=(Again.POSSESSION, challenge_id))

        given: dict[str, Any] = {"public_key": public_key, "signature": signature}
        shown = prove_possession(self.store, self.tenant, challenge_id, **given, proven=proven)
        with self.store.reading() as registry:  # a unit of its own: the entry is under a signed checkpoint only now
            return Possession.proved(shown, registry.proof(shown.entry_index))

    # --- releases -----------------------------------------------------------------------------------------------

    def commit_release(
        self, name: str, *, pack: bytes, reference_models: Iterable[str] = (), first_look: int | None = None
    ) -> Release:
        """Commit a verifier pack, before any codeword of the release exists."""
        given: dict[str, Any] = {"pack": pack, "reference_models": reference_models, "first_look": first_look}
        return self.once(lambda registry: Release.of(registry.commit_release(self.tenant, name, **given)))

    def commitment(self, release: str) -> bytes:
        """Canonical bytes of what a release is committed to, as their digest stands in the log."""
        with self.store.reading() as registry:
            return registry.commitment(self.tenant, release)

    def release(self, name: str) -> Release:
        """One release."""
        with self.store.reading() as registry:
            return Release.of(registry.release(self.tenant, name))

    def releases(self, *, after: str | None = None, limit: int = 100) -> ListOf[Release]:
        """Releases by name."""
        with self.store.reading() as registry:
            return page(Release, registry.releases(self.tenant, after=pages.decode(after), limit=limit))

    def pack(self, release: str) -> bytes:
        """A release's verifier pack, its digest checked."""
        with self.store.reading() as registry:
            return registry.pack_bytes(self.tenant, release)

    def bom(self, release: str, *, copy: str | None = None) -> bytes:
        """A release's bill of materials, of all issued copies or of one."""
        with self.store.reading() as registry:
            found = Release.of(registry.release(self.tenant, release))
            copies = copies_in_bom(registry, self.tenant, release, copy)
            known = committed_of(registry, self.tenant, release)
            return release_bom(found, [Copy.of(each) for each in copies], known, log_key=registry.verifier_key())

    # --- copies -------------------------------------------------------------------------------------------------

    def reserve_copy(self, release: str, device: str) -> Reservation:
        """Draw the nonce of a copy and hand out its codeword, this once."""
        return self.once(lambda registry: Reservation.of(registry.reserve_copy(self.tenant, release, device)))

    def issue_copy(self, copy_id: str, *, artefact_digest: str, method: str) -> Copy:
        """Record which file went to the device, once."""
        given = {"artefact_digest": artefact_digest, "method": method}
        return self.once(lambda registry: Copy.of(registry.issue_copy(self.tenant, copy_id, **given)))

    def copy(self, copy_id: str) -> Copy:
        """One copy."""
        with self.store.reading() as registry:
            return Copy.of(registry.copy(self.tenant, copy_id))

    def copies(self, release: str | None = None, *, after: str | None = None, limit: int = 100) -> ListOf[Copy]:
        """Copies in the order of their reservation."""
        with self.store.reading() as registry:
            return page(Copy, registry.copies(self.tenant, release, after=pages.decode(after), limit=limit))

    def copies_of_artefact(self, artefact_digest: str, *, after: str | None = None, limit: int = 100) -> ListOf[Copy]:
        """Copies that were issued as exactly this file, in the order of their reservation."""
        with self.store.reading() as registry:
            found = registry.copies_of_artefact(self.tenant, artefact_digest, after=pages.decode(after), limit=limit)
        return page(Copy, found)

    # --- cases --------------------------------------------------------------------------------------------------

    def open_case(self, release: str, *, suspect: str) -> Case:
        """Ask whose copy of the release a suspect is."""
        return self.once(lambda registry: Case.of(registry.open_case(self.tenant, release, suspect=suspect)))

    def case(self, case_id: str) -> Case:
        """One case."""
        with self.store.reading() as registry:
            return Case.of(registry.case(self.tenant, case_id))

    def require_decidable(self, case_id: str) -> None:
        """Raise CaseDecided or LooksTaken unless answers that are sent may decide the case."""
        with self.store.reading() as registry:
            registry.decidable(self.tenant, case_id)

    def cases(self, *, after: str | None = None, limit: int = 100) -> ListOf[Case]:
        """Cases, decided and open."""
        with self.store.reading() as registry:
            return page(Case, registry.cases(self.tenant, after=pages.decode(after), limit=limit))

    def probes(self, case_id: str) -> NDArray[Any]:
        """The inputs to put to the suspect, in order: float32 of shape (n, ...)."""
        with self.store.reading() as registry:
            return registry.pack(self.tenant, registry.case(self.tenant, case_id).release).probes

    def send_outputs(self, case_id: str, answers: bytes | NDArray[Any], *, kind: str) -> Verdict:
        """Weigh the suspect's answers, an array or a file in one of the formats, and record the verdict.

        The evidence is fixed before any codeword is unsealed. Answers that cannot be used leave the case open.
        """
        self.require_decidable(case_id)  # said before the file is unpacked
        with step("answers"):
            values = read_outputs(answers, limit=self.max_array_bytes) if isinstance(answers, bytes) else answers
        with self.store.reading() as registry:
            weighed = weigh(registry, self.tenant, case_id, kind=kind, answers=values, step=step)
        claim = self.claim()
        with step("record"), self.store.unit() as registry:
            if claim is not None:
                claim.require_new(registry)
                claim.keep(registry, again=(Again.VERDICT, case_id))
            settle(registry, weighed)
        return self.verdict(case_id)  # a unit of its own: the entry is under a signed checkpoint only now

    def evidence(
        self,
        case_id: str,
        *,
        device: str | None = None,
        negative: Iterable[str] = (),
        positive: Iterable[str] = (),
        record: bytes | None = None,
    ) -> bytes:
        """An evidence pack about the device of that name, else the one that the verdict names, with controls.

        `record` is that of the exchanges with the suspect, as `countermark ask` wrote it.
        """
        report = import_module("api.evidence_report")  # it draws: loaded by whoever makes a pack, and nobody else
        with self.store.reading() as registry:
            exhibits = registry.exhibits(
                self.tenant,
                case_id,
                device=device,
                negative=tuple(negative),
                positive=tuple(positive),
                record=record,
            )
        with self.store.reading() as registry:
            return registry.seal_pack(exhibits, report.reports(exhibits))

    def verdict(self, case_id: str) -> Verdict:
        """The recorded verdict, with a proof against the newest checkpoint."""
        with self.store.reading() as registry:
            recorded = registry.verdict(self.tenant, case_id)
            return Verdict.proved(recorded, registry.proof(recorded.entry_index))

    # --- durable jobs -------------------------------------------------------------------------------------------

    def job(self, job_id: str) -> Job:
        """One job."""
        with self.store.reading() as registry:
            return Job.of(registry.job(self.tenant, job_id))

    def jobs(self, *, after: str | None = None, limit: int = 100) -> ListOf[Job]:
        """Jobs, whatever their state."""
        with self.store.reading() as registry:
            return page(Job, registry.jobs(self.tenant, after=pages.decode(after), limit=limit))

    def job_events(self, job_id: str, *, after: int = 0) -> Iterator[JobEvent]:
        """What happened to a job after the event of that number, and what happens, until it ends."""
        return follow(self.store, self.tenant, job_id, after)

    def cancel_job(self, job_id: str) -> Job:
        """Begin no further step; the case stays open, the answers are kept, an uploaded model is not."""
        cancelled = self.once(lambda registry: Job.of(registry.cancel_job(self.tenant, job_id)))
        self.store.remove_job_files(self.tenant)
        return cancelled

    def retry_job(self, job_id: str, *, budget: int | None = None) -> Job:
        """Have a failed job go on where it stopped."""
        return self.once(lambda registry: Job.of(registry.retry_job(self.tenant, job_id, budget=budget)))

    # --- the log ------------------------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint:
        """The newest signed checkpoint."""
        with self.store.reading() as registry:
            return Checkpoint.of(registry.checkpoint())

    def log_key(self) -> LogKey:
        """The key that checkpoints are signed with."""
        with self.store.reading() as registry:
            return LogKey(key=registry.verifier_key())

    def entry(self, index: int) -> Entry:
        """The exact bytes of one entry."""
        with self.store.reading() as registry:
            return Entry.of(registry.entry(index))

    def proof(self, index: int) -> InclusionProof:
        """The audit path from an entry to the newest root."""
        with self.store.reading() as registry:
            return InclusionProof.of(registry.proof(index))

    def consistency(self, old: int) -> ConsistencyProof:
        """That the log of `old` entries is a prefix of the newest one."""
        with self.store.reading() as registry:
            return ConsistencyProof.of(registry.consistency(old))

    def timestamps(self, index: int, *, after: str | None = None, limit: int = 100) -> ListOf[TimeStamp]:
        """Time stamps that date an entry, the earliest first."""
        with self.store.reading() as registry:
            return page(TimeStamp, registry.timestamps(index, after=pages.decode(after), limit=limit))

    # --- API keys -----------------------------------------------------------------------------------------------

    def create_api_key(self, name: str, scopes: Iterable[str], *, expires_at: datetime | None = None) -> IssuedApiKey:
        """A key; its token is in this answer and nowhere else."""
        wanted = frozenset(Scope(scope) for scope in scopes)
        return self.once(
            lambda registry: IssuedApiKey.of(registry.create_api_key(self.tenant, name, wanted, expires_at))
        )

    def api_keys(self, *, after: str | None = None, limit: int = 100) -> ListOf[ApiKey]:
        """Keys by name, without tokens."""
        with self.store.reading() as registry:
            return page(ApiKey, registry.page_of_api_keys(self.tenant, after=pages.decode(after), limit=limit))

    def rotate_api_key(self, key_id: str, *, overlap_seconds: int = 86_400, name: str | None = None) -> IssuedApiKey:
        """A new key in the place of one that ends after the overlap."""
        overlap = timedelta(seconds=overlap_seconds)
        return self.once(
            lambda registry: IssuedApiKey.of(registry.rotate_api_key(self.tenant, key_id, overlap=overlap, name=name))
        )

    def revoke_api_key(self, key_id: str) -> ApiKey:
        """Refuse the key from now on."""
        return self.once(lambda registry: ApiKey.of(registry.revoke_api_key(self.tenant, key_id)))
