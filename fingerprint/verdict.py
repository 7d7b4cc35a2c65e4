"""The answer to "whose copy is it?": a frozen value, never a bare bool."""

from dataclasses import dataclass
from typing import Any

from fingerprint import canonical
from fingerprint.errors import ParameterError

TAG = "countermark/verdict"

DOES_NOT_PROVE = (
    "It does not say who leaked the copy, only which issued copy the suspect descends from.",
    "It does not say when or how the copy left its device, or whether the holder knew.",
    "An unknown source is no proof of innocence: the signature may have been removed, or the copy never registered.",
    "The figure bounds the probability of naming a device that has nothing to do with the suspect.",
    "The figure is not the probability that the named device is innocent.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceScore:
    """One device's score against one suspect.

    Attributes:
        device: its id in the registry, or its name where there is none.
        copy: id of the issued copy whose codeword was scored.
        score: t_d = <c_d, y> / |y|, between -sqrt(L) and sqrt(L).
        p_value: valid upper bound of P(t >= score) for a device that has nothing to do with the suspect.
        family_wise_p: the same for any of the N devices: 1 - (1 - p)^N.
        named: whether family_wise_p <= alpha.
    """

    device: str
    copy: str
    score: float
    p_value: float
    family_wise_p: float
    named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence says about all N devices, best score first.

    Law: `Verdict.from_bytes(v.to_bytes()) == v`.

    Attributes:
        release: release id (digest of the verifier pack).
        scheme: name of the scheme, for example `subspace`.
        kind: kind of answer that was given (`logits`, `logprobs`, `probs`, `labels`).
        probes: n, number of answers used.
        bits: L, length of a codeword.
        devices: N, number of hypotheses that the family-wise figure accounts for.
        alpha: declared bound on the probability of naming any innocent, fixed before the suspect was seen.
        threshold: smallest score that names a device at this alpha and N.
        observation_digest: digest of the suspect's answers as given.
        ranked: scores in falling order; the first ones when there are many devices.
        does_not_prove: what the verdict does not show, in plain words.
    """

    release: str
    scheme: str
    kind: str
    probes: int
    bits: int
    devices: int
    alpha: float
    threshold: float
    observation_digest: str
    ranked: tuple[DeviceScore, ...]
    does_not_prove: tuple[str, ...] = DOES_NOT_PROVE

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ParameterError(f"alpha must lie between 0 and 1, not {self.alpha}")
        if any(a.score < b.score for a, b in zip(self.ranked, self.ranked[1:], strict=False)):
            raise ParameterError("ranked scores must fall")

    def __bool__(self) -> bool:
        raise TypeError("a verdict is not a yes or no; read .named, .ranked and .does_not_prove")

    @property
    def named(self) -> tuple[str, ...]:
        """Devices whose family-wise p is at most alpha; empty means unknown source."""
        return tuple(dict.fromkeys(row.device for row in self.ranked if row.named))

    @property
    def unknown_source(self) -> bool:
        """Whether nobody is named."""
        return not self.named

    def to_dict(self) -> dict[str, Any]:
        """JSON form: plain types only."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name not in ("ranked", "does_not_prove")}
        rows = [{name: getattr(row, name) for name in DeviceScore.__slots__} for row in self.ranked]
        return {**fields, "ranked": rows, "does_not_prove": list(self.does_not_prove)}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Verdict":
        """The verdict whose JSON form is `fields`.

        Raises:
            ParameterError: a field is missing, unknown or out of range.
        """
        try:
            rows = tuple(DeviceScore(**row) for row in fields["ranked"])
            return cls(**{**fields, "ranked": rows, "does_not_prove": tuple(fields["does_not_prove"])})
        except (TypeError, KeyError) as error:
            raise ParameterError(f"not the fields of a verdict: {error}") from error

    def to_bytes(self) -> bytes:
        """Canonical bytes, the ones that the log's entry holds the digest of."""
        return canonical.encode(TAG, self.to_dict())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Verdict":
        """The verdict whose canonical bytes are `data`.

        Raises:
            CanonicalMalformed: not canonical bytes of a verdict.
        """
        return cls.from_dict(canonical.decode(TAG, data))
