"""The wire forms of possession: what a device is asked, what it answers, what that showed."""

from typing import Annotated, Literal, Self

from pydantic import Field

from api.evidence import InclusionProof, LogEntry
from api.fields import Bytes, Moment
from api.schemas import Answer, Request
from fingerprint.possession import PUBLIC_KEY_BYTES, SIGNATURE_BYTES
from registry import records

DEFAULT_SECONDS = 600
OutcomeName = Literal["proven", "foreign-key", "altered"]


class NewChallenge(Request):
    """Why the device is asked, and how long it may take."""

    purpose: Annotated[str, Field(min_length=1, max_length=200, examples=["seizure 17/2026, exhibit 3"])]
    seconds: Annotated[int, Field(ge=1, le=86_400, examples=[600], description="Until it expires.")] = DEFAULT_SECONDS


class Proof(Request):
    """The device's answer. Its private key and its response stay on the device."""

    public_key: Annotated[
        Bytes,
        Field(
            min_length=PUBLIC_KEY_BYTES,
            max_length=PUBLIC_KEY_BYTES,
            examples=["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
            description="Ed25519 public key of the device that signed (`fingerprint.possession.public_key`).",
        ),
    ]
    signature: Annotated[
        Bytes,
        Field(
            min_length=SIGNATURE_BYTES,
            max_length=SIGNATURE_BYTES,
            examples=["5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="],
            description="Ed25519 signature over the challenge's `message`.",
        ),
    ]


class Possession(Answer):
    """What an answer showed, with the proof that it stands in the log."""

    challenge_id: str
    device: str
    purpose: str
    outcome: Annotated[
        OutcomeName,
        Field(description="`proven`; or a good signature by another key; or a signature that does not hold."),
    ]
    challenge_digest: Annotated[str, Field(description="Digest of the message that was to be signed.")]
    key_digest: Annotated[str, Field(description="Digest of the public key that came with the signature.")]
    signature_digest: str
    enrolment_index: Annotated[int, Field(description="Log entry of the enrolment whose key it was compared with.")]
    recorded_at: Moment
    log: LogEntry

    @classmethod
    def proved(cls, record: records.Possession, proof: records.InclusionProof) -> Self:
        """The recorded outcome with the inclusion proof of its entry."""
        same = {name: getattr(record, name) for name in cls.model_fields if name != "log"}
        return cls(**same, log=LogEntry(entry_index=record.entry_index, proof=InclusionProof.of(proof)))


class Challenge(Answer):
    """A question that one device can answer, once, in time."""

    id: str
    device: str
    purpose: str
    message: Annotated[
        Bytes,
        Field(
            description="Exactly what the device signs: canonical JSON that names this registry, the tenant, the"
            " device, the purpose, a fresh nonce and the expiry. Check that it says what you mean to sign."
        ),
    ]
    opened_at: Moment
    expires_at: Moment
    used_at: Annotated[Moment | None, Field(description="When it was answered; null while it can still be.")]
    possession: Annotated[Possession | None, Field(description="What the answer showed.")]

    @classmethod
    def showing(cls, record: records.PossessionChallenge, possession: Possession | None) -> Self:
        """The challenge with its outcome."""
        same = {name: getattr(record, name) for name in cls.model_fields if name != "possession"}
        return cls(**same, possession=possession)
