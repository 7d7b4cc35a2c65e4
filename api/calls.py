"""The service's requests as values: what is sent and how the answer is read. No I/O, shared by every client."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from numpy.typing import NDArray

from api.evidence import Checkpoint, ConsistencyProof, Entry, InclusionProof, LogKey, TimeStamp, Verdict
from api.fields import to_text
from api.job_schemas import Job
from api.media import NPZ, OCTETS, SAFETENSORS
from api.possession import Challenge, Possession
from api.schemas import ApiKey, Case, Copy, Device, Hold, IssuedApiKey, ListOf, Release, Reservation, Retention
from api.sse import EVENT_STREAM, LAST_EVENT_ID
from api.suspects import npz

Value = TypeVar("Value")
Parse = Callable[[bytes], Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Value]):
    """One request.

    Attributes:
        method: of HTTP.
        path: percent-encoded, below the service's base address.
        parse: makes the answer's body a value.
        params: of the query; those that are None are left out.
        json: the body, where it is JSON.
        content: the body, where it is a file.
        headers: beside the ones that every request has.
    """

    method: str
    path: str
    parse: Parse[Value]
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, Any]:
        """The parameters that have a value."""
        return {name: value for name, value in self.params.items() if value is not None}


def _at(*parts: str | int) -> str:
    """`/v1/` and the parts, each one encoded whole, so that no name can change the address."""
    return "/v1/" + "/".join(quote(str(part), safe="") for part in parts)


# --- devices ----------------------------------------------------------------------------------------------------


def enroll_device(
    name: str, *, helper_data: bytes, identity: str, codeword_key: bytes, possession_key: bytes | None
) -> Call[Device]:
    """Enrol a device."""
    body = {
        "name": name,
        "helper_data": to_text(helper_data),
        "identity": identity,
        "codeword_key": to_text(codeword_key),
    } | _possession(possession_key)
    return Call(method="POST", path=_at("devices"), json=body, parse=Device.model_validate_json)


def reenroll_device(name: str, *, helper_data: bytes, identity: str, possession_key: bytes | None) -> Call[Device]:
    """Enrol a device again."""
    body = {"helper_data": to_text(helper_data), "identity": identity} | _possession(possession_key)
    return Call(method="POST", path=_at("devices", name, "enrolments"), json=body, parse=Device.model_validate_json)


def _possession(key: bytes | None) -> dict[str, str]:
    return {} if key is None else {"possession_key": to_text(key)}


def device(name: str) -> Call[Device]:
    """One device."""
    return Call(method="GET", path=_at("devices", name), parse=Device.model_validate_json)


def devices(after: str | None, limit: int) -> Call[ListOf[Device]]:
    """Devices by name."""
    params = {"after": after, "limit": limit}
    return Call(method="GET", path=_at("devices"), params=params, parse=ListOf[Device].model_validate_json)


def helper_data(name: str) -> Call[bytes]:
    """A device's helper data."""
    return Call(method="GET", path=_at("devices", name, "helper-data"), parse=bytes)


def revoke_device(name: str) -> Call[Device]:
    """Revoke a device."""
    return Call(method="POST", path=_at("devices", name, "revoke"), parse=Device.model_validate_json)


def forget_device(name: str) -> Call[Device]:
    """Forget a device."""
    return Call(method="POST", path=_at("devices", name, "forget"), parse=Device.model_validate_json)


# --- legal holds and retention ----------------------------------------------------------------------------------


def place_hold(held: str, subject: str, reason: str) -> Call[Hold]:
    """Place a legal hold."""
    body = {"held": held, "subject": subject, "reason": reason}
    return Call(method="POST", path=_at("holds"), json=body, parse=Hold.model_validate_json)


def lift_hold(hold_id: str) -> Call[Hold]:
    """Lift a legal hold."""
    return Call(method="POST", path=_at("holds", hold_id, "lift"), parse=Hold.model_validate_json)


def holds(after: str | None, limit: int) -> Call[ListOf[Hold]]:
    """Legal holds."""
    params = {"after": after, "limit": limit}
    return Call(method="GET", path=_at("holds"), params=params, parse=ListOf[Hold].model_validate_json)


def apply_retention(before: datetime, *, rehearse: bool) -> Call[Retention]:
    """Apply a retention period."""
    body = {"before": before.isoformat(), "rehearse": rehearse}
    return Call(method="POST", path=_at("retention"), json=body, parse=Retention.model_validate_json)


# --- proof of possession ----------------------------------------------------------------------------------------


def open_challenge(device_name: str, purpose: str, seconds: int) -> Call[Challenge]:
    """Ask a device."""
    path, body = _at("devices", device_name, "challenges"), {"purpose": purpose, "seconds": seconds}
    return Call(method="POST", path=path, json=body, parse=Challenge.model_validate_json)


def challenge(challenge_id: str) -> Call[Challenge]:
    """One challenge."""
    return Call(method="GET", path=_at("challenges", challenge_id), parse=Challenge.model_validate_json)


def prove_possession(challenge_id: str, *, public_key: bytes, signature: bytes) -> Call[Possession]:
    """Answer a challenge."""
    path, body = (
        _at("challenges", challenge_id, "proof"),
        {
            "public_key": to_text(public_key),
            "signature": to_text(signature),
        },
    )
    return Call(method="POST", path=path, json=body, parse=Possession.model_validate_json)


# --- releases and copies ----------------------------------------------------------------------------------------


def commit_release(name: str, pack: bytes, reference_models: Iterable[str], first_look: int | None) -> Call[Release]:
    """Commit a verifier pack."""
    headers, parse = {"Content-Type": SAFETENSORS}, Release.model_validate_json
    params = {"name": name, "reference_model": list(reference_models), "first_look": first_look}
    return Call(method="POST", path=_at("releases"), params=params, content=pack, headers=headers, parse=parse)


def commitment(name: str) -> Call[bytes]:
    """What a release is committed to."""
    return Call(method="GET", path=_at("releases", name, "commitment"), parse=bytes)


def release(name: str) -> Call[Release]:
    """One release."""
    return Call(method="GET", path=_at("releases", name), parse=Release.model_validate_json)


def releases(after: str | None, limit: int) -> Call[ListOf[Release]]:
    """Releases by name."""
    params = {"after": after, "limit": limit}
    return Call(method="GET", path=_at("releases"), params=params, parse=ListOf[Release].model_validate_json)


def pack(name: str) -> Call[bytes]:
    """A release's verifier pack."""
    return Call(method="GET", path=_at("releases", name, "pack"), parse=bytes)


def bom(name: str, copy_id: str | None) -> Call[bytes]:
    """A release's bill of materials."""
    return Call(method="GET", path=_at("releases", name, "bom"), params={"copy": copy_id}, parse=bytes)


def reserve_copy(release_name: str, device_name: str) -> Call[Reservation]:
    """Reserve a copy."""
    path = _at("releases", release_name, "copies")
    return Call(method="POST", path=path, json={"device": device_name}, parse=Reservation.model_validate_json)


def issue_copy(copy_id: str, artefact_digest: str, method: str) -> Call[Copy]:
    """Issue a copy."""
    body = {"artefact_digest": artefact_digest, "method": method}
    return Call(method="PUT", path=_at("copies", copy_id), json=body, parse=Copy.model_validate_json)


def copy(copy_id: str) -> Call[Copy]:
    """One copy."""
    return Call(method="GET", path=_at("copies", copy_id), parse=Copy.model_validate_json)


def copies(release_name: str | None, after: str | None, limit: int) -> Call[ListOf[Copy]]:
    """Copies in the order of their reservation."""
    params = {"release": release_name, "after": after, "limit": limit}
    return Call(method="GET", path=_at("copies"), params=params, parse=ListOf[Copy].model_validate_json)


def copies_of_artefact(digest: str, after: str | None, limit: int) -> Call[ListOf[Copy]]:
    """Copies issued as exactly one file."""
    path, params = _at("copies", "by-artefact", digest), {"after": after, "limit": limit}
    return Call(method="GET", path=path, params=params, parse=ListOf[Copy].model_validate_json)


# --- cases ------------------------------------------------------------------------------------------------------


def open_case(release_name: str, suspect: str) -> Call[Case]:
    """Open a case."""
    body = {"release": release_name, "suspect": suspect}
    return Call(method="POST", path=_at("cases"), json=body, parse=Case.model_validate_json)


def case(case_id: str) -> Call[Case]:
    """One case."""
    return Call(method="GET", path=_at("cases", case_id), parse=Case.model_validate_json)


def cases(after: str | None, limit: int) -> Call[ListOf[Case]]:
    """Cases, decided and open."""
    params = {"after": after, "limit": limit}
    return Call(method="GET", path=_at("cases"), params=params, parse=ListOf[Case].model_validate_json)


def probes(case_id: str, limit: int) -> Call[NDArray[Any]]:
    """The probes of a case, refused when they would occupy more than `limit` bytes."""

    def parse(data: bytes) -> NDArray[Any]:
        return npz.read(data, limit=limit)

    return Call(method="GET", path=_at("cases", case_id, "probes"), headers={"Accept": NPZ}, parse=parse)


def send_outputs(case_id: str, answers: bytes, kind: str) -> Call[Verdict]:
    """Send a suspect's answers, a file in one of the formats."""
    headers = {"Content-Type": OCTETS}
    path = _at("cases", case_id, "outputs")
    parse = Verdict.model_validate_json
    return Call(method="POST", path=path, params={"kind": kind}, content=answers, headers=headers, parse=parse)


def send_model(
    case_id: str, model: bytes, *, kind: str | None, architecture: str | None, output: str | None
) -> Call[Verdict]:
    """Send a model's file to be run on the probes."""
    params = {"kind": kind, "architecture": architecture, "output": output}
    path = _at("cases", case_id, "model")
    parse = Verdict.model_validate_json
    return Call(method="POST", path=path, params=params, content=model, headers={"Content-Type": OCTETS}, parse=parse)


def ask_endpoint(
    case_id: str, endpoint: Mapping[str, Any], *, token: str | None, kind: str | None, batch: int
) -> Call[Verdict]:
    """Have an endpoint asked."""
    body = {"endpoint": endpoint, "token": token, "kind": kind, "batch": batch}
    parse = Verdict.model_validate_json
    return Call(method="POST", path=_at("cases", case_id, "endpoint"), json=body, parse=parse)


def record(case_id: str) -> Call[bytes]:
    """The record of what the service asked about a case."""
    return Call(method="GET", path=_at("cases", case_id, "record"), parse=bytes)


def evidence(case_id: str, device: str | None, negative: Iterable[str], positive: Iterable[str]) -> Call[bytes]:
    """An evidence pack about one accused."""
    params = {"device": device, "negative": list(negative), "positive": list(positive)}
    return Call(method="GET", path=_at("cases", case_id, "evidence"), params=params, parse=bytes)


def verdict(case_id: str) -> Call[Verdict]:
    """The recorded verdict."""
    return Call(method="GET", path=_at("cases", case_id, "verdict"), parse=Verdict.model_validate_json)


# --- durable jobs -----------------------------------------------------------------------------------------------


def open_job(
    case_id: str,
    endpoint: Mapping[str, Any],
    *,
    token: str | None,
    kind: str | None,
    batch: int,
    priority: int,
    budget: int | None,
) -> Call[Job]:
    """Have an endpoint asked by a durable job."""
    body = {"endpoint": endpoint, "token": token, "kind": kind, "batch": batch, "priority": priority, "budget": budget}
    return Call(method="POST", path=_at("cases", case_id, "jobs"), json=body, parse=Job.model_validate_json)


def open_model_job(
    case_id: str,
    model: bytes,
    *,
    kind: str | None,
    architecture: str | None,
    output: str | None,
    batch: int,
    priority: int,
    budget: int | None,
) -> Call[Job]:
    """Send a model's file to be run by a durable job."""
    params = {
        "kind": kind, "architecture": architecture, "output": output, "batch": batch, "priority": priority,
        "budget": budget,
    }  # fmt: skip
    path, headers = _at("cases", case_id, "jobs", "model"), {"Content-Type": OCTETS}
    return Call(method="POST", path=path, params=params, content=model, headers=headers, parse=Job.model_validate_json)


def job(job_id: str) -> Call[Job]:
    """One job."""
    return Call(method="GET", path=_at("jobs", job_id), parse=Job.model_validate_json)


def jobs(after: str | None, limit: int) -> Call[ListOf[Job]]:
    """Jobs, whatever their state."""
    params = {"after": after, "limit": limit}
    return Call(method="GET", path=_at("jobs"), params=params, parse=ListOf[Job].model_validate_json)


def job_events(job_id: str, after: int) -> Call[bytes]:
    """What happens to a job, as a stream."""
    headers = {"Accept": EVENT_STREAM, LAST_EVENT_ID: str(after)}
    return Call(method="GET", path=_at("jobs", job_id, "events"), headers=headers, parse=bytes)


def cancel_job(job_id: str) -> Call[Job]:
    """Cancel a job."""
    return Call(method="DELETE", path=_at("jobs", job_id), parse=Job.model_validate_json)


def retry_job(job_id: str, budget: int | None) -> Call[Job]:
    """Try a failed job again."""
    body = {"budget": budget}
    return Call(method="POST", path=_at("jobs", job_id, "retry"), json=body, parse=Job.model_validate_json)


# --- the log ----------------------------------------------------------------------------------------------------


def checkpoint() -> Call[Checkpoint]:
    """The newest signed checkpoint."""
    return Call(method="GET", path=_at("log", "checkpoint"), parse=Checkpoint.model_validate_json)


def log_key() -> Call[LogKey]:
    """The log's public key."""
    return Call(method="GET", path=_at("log", "key"), parse=LogKey.model_validate_json)


def entry(index: int) -> Call[Entry]:
    """One entry."""
    return Call(method="GET", path=_at("log", "entries", index), parse=Entry.model_validate_json)


def proof(index: int) -> Call[InclusionProof]:
    """The audit path of an entry."""
    return Call(method="GET", path=_at("log", "proof", index), parse=InclusionProof.model_validate_json)


def timestamps(index: int, after: str | None, limit: int) -> Call[ListOf[TimeStamp]]:
    """Time stamps that date an entry."""
    path, params = _at("log", "entries", index, "timestamps"), {"after": after, "limit": limit}
    return Call(method="GET", path=path, params=params, parse=ListOf[TimeStamp].model_validate_json)


def consistency(old: int) -> Call[ConsistencyProof]:
    """The consistency path from an earlier size."""
    path = _at("log", "consistency")
    return Call(method="GET", path=path, params={"old": old}, parse=ConsistencyProof.model_validate_json)


# --- API keys ---------------------------------------------------------------------------------------------------


def create_api_key(name: str, scopes: Iterable[str], expires_at: datetime | None) -> Call[IssuedApiKey]:
    """Make an API key."""
    body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
    if expires_at is not None:
        body["expires_at"] = expires_at.isoformat()
    return Call(method="POST", path=_at("api-keys"), json=body, parse=IssuedApiKey.model_validate_json)


def api_keys(after: str | None, limit: int) -> Call[ListOf[ApiKey]]:
    """Keys by name."""
    params = {"after": after, "limit": limit}
    return Call(method="GET", path=_at("api-keys"), params=params, parse=ListOf[ApiKey].model_validate_json)


def rotate_api_key(key_id: str, overlap_seconds: int, name: str | None) -> Call[IssuedApiKey]:
    """Replace an API key."""
    body = {"overlap_seconds": overlap_seconds, "name": name}
    path = _at("api-keys", key_id, "rotate")
    return Call(method="POST", path=path, json=body, parse=IssuedApiKey.model_validate_json)


def revoke_api_key(key_id: str) -> Call[ApiKey]:
    """Revoke an API key."""
    return Call(method="DELETE", path=_at("api-keys", key_id), parse=ApiKey.model_validate_json)
