"""The wire: what requests must hold and what answers hold. Pydantic lives here and in settings only.

Requests are strict: unknown fields are refused and types are never converted. Answers are made from the registry's
frozen records by name.
"""

from typing import Annotated, Any, Generic, Literal, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from api import pages
from api.fields import Bytes, Digest, Moment, Name
from fingerprint.codeword import CODEWORD_KEY_BYTES, pack_bits, unpack_bits
from fingerprint.possession import PUBLIC_KEY_BYTES
from registry import records

ScopeName = Literal["release", "investigate", "audit", "disclose", "admin"]
MethodName = Literal["distilled", "minted"]
KindName = Literal["logits", "logprobs", "probs", "top_k", "labels"]
HeldName = Literal["device", "copy", "case"]


class Request(BaseModel):
    """Base of every request body."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class Answer(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    @classmethod
    def of(cls, record: Any) -> Self:
        """The answer that shows a record of the registry, field by field of the same name."""
        return cls.model_validate({name: getattr(record, name) for name in cls.model_fields})


Item = TypeVar("Item", bound=Answer)


class ListOf(Answer, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: Annotated[str | None, Field(description="`after` of the next page; null on the last one.")]


def page(kind: type[Item], found: records.Page[Any]) -> ListOf[Item]:
    """One page of records as an answer."""
    return ListOf(items=[kind.of(item) for item in found.items], next=pages.encode(found.next))


PossessionKey = Annotated[
    Annotated[Bytes, Field(min_length=PUBLIC_KEY_BYTES, max_length=PUBLIC_KEY_BYTES)] | None,
    Field(
        examples=["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
        description="Ed25519 public key derived from the device key (`fingerprint.possession.public_key`); without it"
        " the device cannot prove later that it is the enrolled one.",
    ),
]


class NewDevice(Request):
    """An enrolment: what the registry keeps of a device. Never a response, never the device key or a private one."""

    name: Annotated[Name, Field(examples=["edge-7"])]
    helper_data: Annotated[Bytes, Field(description="Helper data of the fuzzy extractor; public, kept as given.")]
    identity: Annotated[
        str, Field(pattern="^[0-9a-f]{32,128}$", description="One-way hash of the device key (`key_identity`).")
    ]
    codeword_key: Annotated[
        Bytes,
        Field(
            min_length=CODEWORD_KEY_BYTES,
            max_length=CODEWORD_KEY_BYTES,
            description="32 bytes (`codeword_key`); sealed on arrival, never returned.",
        ),
    ]
    possession_key: PossessionKey = None


class NewEnrolment(Request):
    """A later enrolment: what replaces the former helper data, hash and public key."""

    helper_data: Annotated[Bytes, Field(description="Helper data of `fingerprint.extractor.reenroll`.")]
    identity: Annotated[str, Field(pattern="^[0-9a-f]{32,128}$", description="One-way hash of the new device key.")]
    possession_key: PossessionKey = None


class Device(Answer):
    """An enrolled device."""

    id: str
    name: str
    helper_digest: str
    identity: str
    enrolled_at: Moment
    revoked_at: Moment | None
    entry_index: Annotated[int, Field(description="Its enrolment's index in the log.")]
    revocation_index: Annotated[int | None, Field(description="Its revocation's index in the log.")]
    forgotten: Annotated[bool, Field(description="Its name, helper data and keys were destroyed; it is not traced.")]
    possession_digest: Annotated[
        str | None, Field(description="Digest of its public key; null if it was enrolled without one.")
    ]
    generation: Annotated[int, Field(description="How often it was enrolled again.")]
    reenrolment_index: Annotated[int | None, Field(description="Its latest re-enrolment's index in the log.")]


class Release(Answer):
    """A committed release."""

    id: str
    name: str
    release_id: Annotated[str, Field(description="Digest of the verifier pack; codewords are bound to it.")]
    pack_digest: str
    commitment_digest: str
    alpha: Annotated[float, Field(description="Declared bound on the probability of naming any innocent device.")]
    bits: Annotated[int, Field(description="L, length of a codeword.")]
    committed_at: Moment
    entry_index: Annotated[int, Field(description="Its commitment's index in the log.")]


class NewReservation(Request):
    """For which device a copy of the release is to be made."""

    device: Annotated[Name, Field(examples=["edge-7"])]


class Reservation(Answer):
    """What the signer needs to make one copy. The codeword is for the signer and for nobody else."""

    copy_id: str
    release: str
    device: str
    nonce: Annotated[Bytes, Field(description="32 bytes, drawn after the release was committed.")]
    codeword: Annotated[Bytes, Field(description="Signs, eight a byte, least significant bit first, +1 as 1.")]
    bits: Annotated[int, Field(description="L, number of signs in `codeword`.")]
    entry_index: int

    @classmethod
    def of(cls, record: records.Reservation) -> Self:
        """The reservation with its codeword packed."""
        fields = {name: getattr(record, name) for name in ("copy_id", "release", "device", "nonce", "entry_index")}
        return cls(**fields, codeword=pack_bits(record.codeword), bits=len(record.codeword))

    def signs(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.int8]]":
        """The codeword, int8 of shape (L,), values -1 and +1."""
        return unpack_bits(self.codeword, self.bits)


class Issue(Request):
    """The finished copy."""

    artefact_digest: Digest
    method: MethodName


class Copy(Answer):
    """A copy of a release for a device: reserved, and issued once `issued_at` is set."""

    id: str
    release: str
    device: str
    reserved_at: Moment
    reservation_index: int
    artefact_digest: str | None
    method: MethodName | None
    issued_at: Moment | None
    entry_index: Annotated[int | None, Field(description="Its issue's index in the log.")]


class NewCase(Request):
    """The question: whose copy of this release is the suspect?"""

    release: Annotated[Name, Field(examples=["digits-1"])]
    suspect: Annotated[Name, Field(examples=["model served at example.com, seen 2026-11-20"])]


class NewEndpoint(Request):
    """The endpoint to be asked: a template, one of the Open Inference Protocol, or an OpenAI-compatible one."""

    endpoint: Annotated[
        dict[str, Any],
        Field(
            description="As in the file for `countermark verify`: `url`, `body`, `answers`; or `oip`, `model`; or"
            " `openai`, `model`, `prompt`, `classes`.",
            examples=[{"url": "https://models.example/x", "body": {"instances": "$probes"}, "answers": "/predictions"}],
        ),
    ]
    token: Annotated[
        str | None, Field(max_length=4096, description="Sent to the endpoint as its bearer token; never stored.")
    ] = None
    kind: Annotated[KindName | None, Field(description="What the answers are; told by the numbers when null.")] = None
    batch: Annotated[int, Field(ge=1, le=4096, description="Probes in one request.")] = 64


class Case(Answer):
    """A case, and whether it has been answered."""

    id: str
    release: str
    suspect: str
    opened_at: Moment
    decided: bool


class NewHold(Request):
    """What is held and why. While a hold is in force, nothing that its subject rests on can be forgotten."""

    held: HeldName
    subject: Annotated[str, Field(min_length=1, max_length=128, description="A device's name, a copy's or case's id.")]
    reason: Annotated[Name, Field(examples=["Case 2026-117, district court"])]


class Hold(Answer):
    """A legal hold, in force until it is lifted."""

    id: str
    held: HeldName
    subject: Annotated[str, Field(description="Id of the device, copy or case.")]
    reason: str
    placed_at: Moment
    entry_index: Annotated[int, Field(description="Its index in the log.")]
    lifted_at: Moment | None
    lifting_index: Annotated[int | None, Field(description="Its lifting's index in the log.")]


class NewApiKey(Request):
    """Who a key is for and what it may do."""

    name: Annotated[Name, Field(examples=["release pipeline"])]
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=5, examples=[["release"]])]
    expires_at: Moment | None = None


class KeyRotation(Request):
    """How a key is replaced by a new one with the same scopes and the same length of life."""

    name: Annotated[
        Name | None, Field(description="The new key's name; the old one's with the next number when null.")
    ] = None
    overlap_seconds: Annotated[
        int, Field(ge=0, le=90 * 86_400, description="After which the old key ends, if it does not end before.")
    ] = 86_400


class ApiKey(Answer):
    """A key without its token."""

    id: str
    name: str
    scopes: list[ScopeName]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None

    @classmethod
    def of(cls, record: records.ApiKey) -> Self:
        """The key, its scopes in a fixed order."""
        fields = {name: getattr(record, name) for name in cls.model_fields}
        return cls.model_validate({**fields, "scopes": sorted(map(str, record.scopes))})


class IssuedApiKey(Answer):
    """A key just made. The token is shown this once and stored nowhere."""

    id: str
    name: str
    scopes: list[ScopeName]
    created_at: Moment
    expires_at: Moment | None
    token: str

    @classmethod
    def of(cls, record: records.NewApiKey) -> Self:
        """The key with its token."""
        fields = {name: getattr(record, name) for name in cls.model_fields}
        return cls.model_validate({**fields, "scopes": sorted(map(str, record.scopes))})


class NewRetention(Request):
    """Which devices are due: those revoked before a time. API keys that ended before it are dropped."""

    before: Moment
    rehearse: Annotated[bool, Field(description="Only say what would be forgotten.")] = False


class Retention(Answer):
    """What was forgotten or destroyed, or would be; what a legal hold keeps; which API keys were dropped."""

    before: Moment
    rehearsed: bool
    forgotten: list[Device]
    held: list[Device]
    api_keys: list[ApiKey]
    answers: Annotated[list[str], Field(description="Cases whose suspects' answers were destroyed, or would be.")]
    answers_held: Annotated[list[str], Field(description="Cases that were due and whose answers a legal hold keeps.")]

    @classmethod
    def of(cls, record: records.Retention) -> Self:
        """The outcome with its devices and keys as answers."""
        return cls(
            before=record.before,
            rehearsed=record.rehearsed,
            forgotten=[Device.of(device) for device in record.forgotten],
            held=[Device.of(device) for device in record.held],
            api_keys=[ApiKey.of(key) for key in record.api_keys],
            answers=list(record.answers),
            answers_held=list(record.answers_held),
        )
