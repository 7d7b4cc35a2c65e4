"""The wire forms of verdicts, checkpoints and proofs: what a reader needs to check them without this service."""

from typing import Annotated, Any, Self

from pydantic import Field

from api.fields import Bytes, Moment
from api.schemas import Answer
from registry import records


class Checkpoint(Answer):
    """A signed statement of the log's size and root."""

    origin: Annotated[str, Field(description="Name of the log.")]
    size: Annotated[int, Field(description="Number of entries.")]
    root: Annotated[Bytes, Field(description="RFC 6962 root of all entries.")]
    note: Annotated[str, Field(description="The C2SP signed note, verbatim: what the signature is over.")]


class InclusionProof(Answer):
    """That an entry is in the tree whose root the checkpoint signs."""

    index: int
    size: int
    leaf_hash: Bytes
    hashes: Annotated[list[Bytes], Field(description="Audit path, from the leaf upwards (RFC 6962, 2.1.1).")]
    checkpoint: Checkpoint

    @classmethod
    def of(cls, record: records.InclusionProof) -> Self:
        """The proof with its checkpoint."""
        return cls(
            index=record.index,
            size=record.size,
            leaf_hash=record.leaf_hash,
            hashes=list(record.hashes),
            checkpoint=Checkpoint.of(record.checkpoint),
        )


class ConsistencyProof(Answer):
    """That the tree of `old_size` entries is a prefix of the one that the checkpoint signs."""

    old_size: int
    size: int
    hashes: Annotated[list[Bytes], Field(description="Consistency path (RFC 6962, 2.1.2).")]
    checkpoint: Checkpoint

    @classmethod
    def of(cls, record: records.ConsistencyProof) -> Self:
        """The proof with its checkpoint."""
        return cls(
            old_size=record.old_size,
            size=record.size,
            hashes=list(record.hashes),
            checkpoint=Checkpoint.of(record.checkpoint),
        )


class TimeStamp(Answer):
    """An RFC 3161 time stamp of a checkpoint, as the authority made it: verify it with the authority's certificates."""

    stamped_at: Annotated[Moment, Field(description="The time that the authority states.")]
    token: Annotated[Bytes, Field(description="The authority's response in DER, over the text of the note.")]
    checkpoint: Checkpoint

    @classmethod
    def of(cls, record: records.TimeStamp) -> Self:
        """The stamp with its checkpoint."""
        return cls(stamped_at=record.stamped_at, token=record.token, checkpoint=Checkpoint.of(record.checkpoint))


class Entry(Answer):
    """One entry of the log: the exact bytes that are hashed, digests and random ids only."""

    index: int
    data: Bytes


class LogKey(Answer):
    """The log's public key. Compare it with the one that you were given out of band."""

    key: Annotated[str, Field(description="C2SP verifier key: name+hex+base64.")]


class Score(Answer):
    """One device's score against the suspect."""

    device: Annotated[str, Field(description="Its name now.")]
    device_id: Annotated[str, Field(description="What the recorded verdict calls it.")]
    copy_id: Annotated[str, Field(description="The copy whose codeword was scored.")]
    score: Annotated[float, Field(description="t, between -sqrt(L) and sqrt(L).")]
    p_value: Annotated[float, Field(description="Bound on P(t >= score) for a device with no part in the suspect.")]
    family_wise_p: Annotated[float, Field(description="The same for any of the devices (Sidak).")]
    named: bool


class LogEntry(Answer):
    """Where the verdict stands in the log, and the proof that it does."""

    entry_index: int
    proof: InclusionProof


class Verdict(Answer):
    """Whose copy the suspect is, as far as its answers tell. Nobody named means: unknown source."""

    case_id: str
    release: str
    suspect: str
    named: Annotated[list[str], Field(description="Devices named at this alpha; empty means unknown source.")]
    unknown_source: bool
    ranked: Annotated[list[Score], Field(description="Best first; empty for callers without the scope `investigate`.")]
    threshold: Annotated[float, Field(description="The smallest score that names a device.")]
    alpha: Annotated[float, Field(description="Bound on the probability of naming any innocent device.")]
    devices: Annotated[int, Field(description="Number of hypotheses that the family-wise figure accounts for.")]
    bits: Annotated[int, Field(description="L, length of a codeword.")]
    probes: Annotated[int, Field(description="n, number of answers used.")]
    kind: str
    scheme: str
    does_not_prove: list[str]
    release_id: str
    observation_digest: str
    verdict_digest: Annotated[str, Field(description="Digest of the verdict's canonical bytes, as in the log entry.")]
    recorded_at: Moment
    log: LogEntry

    @classmethod
    def proved(cls, record: records.RecordedVerdict, proof: records.InclusionProof) -> Self:
        """The recorded verdict with the inclusion proof of its entry."""
        verdict = record.verdict
        same: dict[str, Any] = {name: getattr(verdict, name) for name in _FROM_VERDICT}
        kept: dict[str, Any] = {name: getattr(record, name) for name in _FROM_RECORD}
        return cls(
            **same,
            **kept,
            release_id=verdict.release,
            named=list(record.named),
            ranked=[
                Score(
                    device=record.names.get(row.device, row.device),
                    device_id=row.device,
                    copy_id=row.copy,
                    score=row.score,
                    p_value=row.p_value,
                    family_wise_p=row.family_wise_p,
                    named=row.named,
                )
                for row in verdict.ranked
            ],
            does_not_prove=list(verdict.does_not_prove),
            log=LogEntry(entry_index=record.entry_index, proof=InclusionProof.of(proof)),
        )


_FROM_VERDICT = ("unknown_source", "threshold", "alpha", "devices", "bits", "probes", "kind", "scheme")
_FROM_RECORD = ("case_id", "release", "suspect", "observation_digest", "verdict_digest", "recorded_at")
