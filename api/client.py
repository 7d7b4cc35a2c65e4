"""A typed client of the service over httpx2: the methods of a workspace, over HTTP.

Example:
    with Client("https://countermark.example", token=token) as client:
        case = client.open_case("digits-1", suspect="model at example.com")
        answers = my_model(client.probes(case.id))          # (n, C) logits
        verdict = client.send_outputs(case.id, answers, kind="logits")
        print(verdict.named or "unknown source")
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from numpy.typing import NDArray

from api import calls
from api.calls import Call
from api.evidence import Checkpoint, ConsistencyProof, Entry, InclusionProof, LogKey, TimeStamp, Verdict
from api.exchange import DEFAULT, TIMEOUT, Outcome, Retries, ServiceError, ServiceUnreachable, conclude, request_of
from api.job_schemas import Job, JobEvent
from api.possession import DEFAULT_SECONDS, Challenge, Possession
from api.schemas import ApiKey, Case, Copy, Device, Hold, IssuedApiKey, ListOf, Release, Reservation, Retention
from api.sse import EventReader
from api.suspects.outputs import write_outputs

__all__ = ["Client", "Retries", "ServiceError", "ServiceUnreachable"]

Value = TypeVar("Value")
MAX_PROBE_BYTES = 1 << 30


class Client:
    """A connection to the service, held open between calls; close it, or use it in a `with`.

    Args:
        base_url: address of the service, for example `https://countermark.example`.
        token: of an API key.
        http: a client to use instead of a new one; it is not closed with this one.
        retries: when a request is sent again.
        sleep: how to wait before that.

    Every method raises `ServiceError` for a problem and `ServiceUnreachable` where no answer came.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str,
        http: httpx2.Client | None = None,
        retries: Retries = DEFAULT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = base_url
        self._token = token
        self._owned = http is None
        self._http = http or httpx2.Client(timeout=TIMEOUT)
        self._retries = retries
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if it is this client's own."""
        if self._owned:
            self._http.close()

    def _run(self, call: Call[Value]) -> Value:
        request = request_of(call, base=self._base, token=self._token)
        for attempt in count():
            outcome = self._send(request)
            delay = self._retries.delay(attempt, outcome)
            if delay is None:
                break
            self._sleep(delay)
        return conclude(call, outcome, base=self._base)

    def _send(self, request: dict[str, Any]) -> Outcome:
        try:
            return self._http.request(**request)
        except httpx2.TransportError as error:
            return error

    # --- devices ------------------------------------------------------------------------------------------------

    def enroll_device(
        self, name: str, *, helper_data: bytes, identity: str, codeword_key: bytes, possession_key: bytes | None = None
    ) -> Device:
        """Enrol a device by what its PUF's enrolment gave; never by a response."""
        return self._run(
            calls.enroll_device(
                name,
                helper_data=helper_data,
                identity=identity,
                codeword_key=codeword_key,
                possession_key=possession_key,
            )
        )

    def reenroll_device(
        self, name: str, *, helper_data: bytes, identity: str, possession_key: bytes | None = None
    ) -> Device:
        """Enrol a device again, by what its PUF's re-enrolment gave."""
        return self._run(
            calls.reenroll_device(name, helper_data=helper_data, identity=identity, possession_key=possession_key)
        )

    def device(self, name: str) -> Device:
        """One device."""
        return self._run(calls.device(name))

    def devices(self, *, after: str | None = None, limit: int = 100) -> ListOf[Device]:
        """Devices by name, revoked ones included."""
        return self._run(calls.devices(after, limit))

    def helper_data(self, name: str) -> bytes:
        """A device's helper data, the latest."""
        return self._run(calls.helper_data(name))

    def revoke_device(self, name: str) -> Device:
        """Issue no further copies for the device."""
        return self._run(calls.revoke_device(name))

    def forget_device(self, name: str) -> Device:
        """Destroy the device's key, name and helper data; its copies cannot be traced any more."""
        return self._run(calls.forget_device(name))

    # --- legal holds and retention ------------------------------------------------------------------------------

    def place_hold(self, held: str, subject: str, *, reason: str) -> Hold:
        """Keep everything that a device (by name), copy or case (by id) rests on from being forgotten."""
        return self._run(calls.place_hold(held, subject, reason))

    def lift_hold(self, hold_id: str) -> Hold:
        """End a legal hold."""
        return self._run(calls.lift_hold(hold_id))

    def holds(self, *, after: str | None = None, limit: int = 100) -> ListOf[Hold]:
        """Legal holds, lifted ones included."""
        return self._run(calls.holds(after, limit))

    def apply_retention(self, before: datetime, *, rehearse: bool = False) -> Retention:
        """Forget devices revoked before a time, unless they are held, and drop API keys that ended before it."""
        return self._run(calls.apply_retention(before, rehearse=rehearse))

    # --- proof of possession --------------------------------------------------------------------------------------

    def open_challenge(self, device: str, *, purpose: str, seconds: int = DEFAULT_SECONDS) -> Challenge:
        """Ask a device to prove that it is the enrolled one."""
        return self._run(calls.open_challenge(device, purpose, seconds))

    def challenge(self, challenge_id: str) -> Challenge:
        """One challenge, and what its answer showed."""
        return self._run(calls.challenge(challenge_id))

    def prove_possession(self, challenge_id: str, *, public_key: bytes, signature: bytes) -> Possession:
        """Answer a challenge, once; only a proof that holds is returned, and each is logged."""
        return self._run(calls.prove_possession(challenge_id, public_key=public_key, signature=signature))

    # --- releases -----------------------------------------------------------------------------------------------

    def commit_release(
        self, name: str, *, pack: bytes, reference_models: Iterable[str] = (), first_look: int | None = None
    ) -> Release:
        """Commit a verifier pack, before any codeword of the release exists."""
        return self._run(calls.commit_release(name, pack, reference_models, first_look))

    def commitment(self, release: str) -> bytes:
        """Canonical bytes of what a release is committed to, as their digest stands in the log."""
        return self._run(calls.commitment(release))

    def release(self, name: str) -> Release:
        """One release."""
        return self._run(calls.release(name))

    def releases(self, *, after: str | None = None, limit: int = 100) -> ListOf[Release]:
        """Releases by name."""
        return self._run(calls.releases(after, limit))

    def pack(self, release: str) -> bytes:
        """A release's verifier pack."""
        return self._run(calls.pack(release))

    def bom(self, release: str, *, copy: str | None = None) -> bytes:
        """A release's bill of materials, of all issued copies or of one."""
        return self._run(calls.bom(release, copy))

    # --- copies -------------------------------------------------------------------------------------------------

    def reserve_copy(self, release: str, device: str) -> Reservation:
        """Draw the nonce of a copy and get its codeword, this once."""
        return self._run(calls.reserve_copy(release, device))

    def issue_copy(self, copy_id: str, *, artefact_digest: str, method: str) -> Copy:
        """Record which file went to the device, once."""
        return self._run(calls.issue_copy(copy_id, artefact_digest, method))

    def copy(self, copy_id: str) -> Copy:
        """One copy."""
        return self._run(calls.copy(copy_id))

    def copies(self, release: str | None = None, *, after: str | None = None, limit: int = 100) -> ListOf[Copy]:
        """Copies in the order of their reservation."""
        return self._run(calls.copies(release, after, limit))

    def copies_of_artefact(self, artefact_digest: str, *, after: str | None = None, limit: int = 100) -> ListOf[Copy]:
        """Copies that were issued as exactly this file, in the order of their reservation."""
        return self._run(calls.copies_of_artefact(artefact_digest, after, limit))

    # --- cases --------------------------------------------------------------------------------------------------

    def open_case(self, release: str, *, suspect: str) -> Case:
        """Ask whose copy of the release a suspect is."""
        return self._run(calls.open_case(release, suspect))

    def case(self, case_id: str) -> Case:
        """One case."""
        return self._run(calls.case(case_id))

    def cases(self, *, after: str | None = None, limit: int = 100) -> ListOf[Case]:
        """Cases, decided and open."""
        return self._run(calls.cases(after, limit))

    def probes(self, case_id: str) -> NDArray[Any]:
        """The inputs to put to the suspect, in order: float32 of shape (n, ...)."""
        return self._run(calls.probes(case_id, MAX_PROBE_BYTES))

    def send_outputs(self, case_id: str, answers: bytes | NDArray[Any], *, kind: str) -> Verdict:
        """Send the suspect's answers, an array or a file in one of the formats, and get the verdict."""
        data = answers if isinstance(answers, bytes) else write_outputs(answers)
        return self._run(calls.send_outputs(case_id, data, kind))

    def send_model(
        self,
        case_id: str,
        model: bytes,
        *,
        kind: str | None = None,
        architecture: str | None = None,
        output: str | None = None,
    ) -> Verdict:
        """Send a model's file, which the service runs on the probes where its operator allows that."""
        return self._run(calls.send_model(case_id, model, kind=kind, architecture=architecture, output=output))

    def ask_endpoint(
        self,
        case_id: str,
        endpoint: Mapping[str, Any],
        *,
        token: str | None = None,
        kind: str | None = None,
        batch: int = 64,
    ) -> Verdict:
        """Have the service ask an endpoint, described as in a file, where its operator allows that."""
        return self._run(calls.ask_endpoint(case_id, endpoint, token=token, kind=kind, batch=batch))

    def record(self, case_id: str) -> bytes:
        """The record of what the service asked about a case, JSON lines."""
        return self._run(calls.record(case_id))

    def evidence(
        self, case_id: str, *, device: str | None = None, negative: Iterable[str] = (), positive: Iterable[str] = ()
    ) -> bytes:
        """An evidence pack about the device of that name, else the one that the verdict names, with controls."""
        return self._run(calls.evidence(case_id, device, negative, positive))

    def verdict(self, case_id: str) -> Verdict:
        """The recorded verdict, with a proof against the newest checkpoint."""
        return self._run(calls.verdict(case_id))

    # --- durable jobs -------------------------------------------------------------------------------------------

    def open_job(
        self,
        case_id: str,
        endpoint: Mapping[str, Any],
        *,
        token: str | None = None,
        kind: str | None = None,
        batch: int = 64,
        priority: int = 0,
        budget: int | None = None,
    ) -> Job:
        """Have the service ask an endpoint step by step, where its operator allows that; it answers at once."""
        call = calls.open_job(case_id, endpoint, token=token, kind=kind, batch=batch, priority=priority, budget=budget)
        return self._run(call)

    def open_model_job(
        self,
        case_id: str,
        model: bytes,
        *,
        kind: str | None = None,
        architecture: str | None = None,
        output: str | None = None,
        batch: int = 1024,
        priority: int = 0,
        budget: int | None = None,
    ) -> Job:
        """Send a model's file, which the service runs step by step, where its operator allows that."""
        given: dict[str, Any] = {"kind": kind, "architecture": architecture, "output": output, "batch": batch}
        call = calls.open_model_job(case_id, model, priority=priority, budget=budget, **given)
        return self._run(call)

    def job(self, job_id: str) -> Job:
        """One job."""
        return self._run(calls.job(job_id))

    def jobs(self, *, after: str | None = None, limit: int = 100) -> ListOf[Job]:
        """Jobs, whatever their state."""
        return self._run(calls.jobs(after, limit))

    def job_events(self, job_id: str, *, after: int = 0) -> Iterator[JobEvent]:
        """What happened to a job after the event of that number, and what happens, until it ends."""
        attempt = 0
        while True:
            call = calls.job_events(job_id, after)
            outcome: Outcome
            try:
                with self._http.stream(**request_of(call, base=self._base, token=self._token)) as outcome:
                    if outcome.status_code == httpx2.codes.OK:
                        reader = EventReader()
                        for line in outcome.iter_lines():
                            attempt, told = 0, reader.feed(line)
                            if told is not None:
                                after = int(told.id)
                                yield JobEvent.model_validate_json(told.data)
                        continue
                    outcome.read()
            except httpx2.TransportError as error:
                outcome = error
            delay = self._retries.delay(attempt, outcome)
            if delay is None:
                conclude(call, outcome, base=self._base)
                return
            attempt += 1
            self._sleep(delay)

    def cancel_job(self, job_id: str) -> Job:
        """Begin no further step; the answers are kept, and the case stays open unless a look was taken."""
        return self._run(calls.cancel_job(job_id))

    def retry_job(self, job_id: str, *, budget: int | None = None) -> Job:
        """Have a failed job go on where it stopped."""
        return self._run(calls.retry_job(job_id, budget))

    # --- the log ------------------------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint:
        """The newest signed checkpoint."""
        return self._run(calls.checkpoint())

    def log_key(self) -> LogKey:
        """The key that checkpoints are signed with."""
        return self._run(calls.log_key())

    def entry(self, index: int) -> Entry:
        """The exact bytes of one entry."""
        return self._run(calls.entry(index))

    def proof(self, index: int) -> InclusionProof:
        """The audit path from an entry to the newest root."""
        return self._run(calls.proof(index))

    def consistency(self, old: int) -> ConsistencyProof:
        """That the log of `old` entries is a prefix of the newest one."""
        return self._run(calls.consistency(old))

    def timestamps(self, index: int, *, after: str | None = None, limit: int = 100) -> ListOf[TimeStamp]:
        """Time stamps that date an entry, the earliest first."""
        return self._run(calls.timestamps(index, after, limit))

    # --- API keys -----------------------------------------------------------------------------------------------

    def create_api_key(self, name: str, scopes: Iterable[str], *, expires_at: datetime | None = None) -> IssuedApiKey:
        """A key; its token is in this answer and nowhere else."""
        return self._run(calls.create_api_key(name, scopes, expires_at))

    def api_keys(self, *, after: str | None = None, limit: int = 100) -> ListOf[ApiKey]:
        """Every key of the tenant, without tokens."""
        return self._run(calls.api_keys(after, limit))

    def rotate_api_key(self, key_id: str, *, overlap_seconds: int = 86_400, name: str | None = None) -> IssuedApiKey:
        """A new key in the place of one that ends after the overlap."""
        return self._run(calls.rotate_api_key(key_id, overlap_seconds, name))

    def revoke_api_key(self, key_id: str) -> ApiKey:
        """Refuse the key from now on."""
        return self._run(calls.revoke_api_key(key_id))
