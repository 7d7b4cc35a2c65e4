"""What a release is committed to before any codeword of it exists: one value, one string of bytes, one digest.

| field | what it fixes |
|---|---|
| `carriers` | digest of the seed that the carriers are drawn from |
| `probes`, `probe_count` | the inputs that a suspect is asked |
| `scheme`, `scheme_version`, `statistic`, `bound`, `ridge`, `pool`, `settings`, `tensors` | how answers become scores |
| `alpha` | the declared bound on the probability of naming any innocent |
| `references`, `reference_models` | what unsigned models answer, and the files of the models that answered so |
| `code` | the program that gathers and judges |
| `sequential_plan` | looks and the alpha that each spends, or null: one look at all probes |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.pack import VerifierPack
from fingerprint.statistics import Look, SequentialPlan

TAG = "countermark/release-commitment"
_OWN = ("code", "reference_models", "sequential_plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Everything that a verdict about the release will rest on.

    Law: `Commitment.from_bytes(c.to_bytes()) == c`.

    Attributes:
        pack: `VerifierPack.commitment()` of the release's pack.
        code: digest of the verifying program's sources; None in a commitment made before it was recorded.
        reference_models: digests of the reference models' files, sorted, each once.
        plan: looks committed in advance, None for one look at all probes.

    Raises:
        ParameterError: a plan of another release, of more probes or of more alpha than the pack's.
    """

    pack: Mapping[str, Any]
    code: str | None
    reference_models: tuple[str, ...] = ()
    plan: SequentialPlan | None = None

    def __post_init__(self) -> None:
        if self.plan is not None:
            _require_plan(self.plan, self.pack)
        if list(self.reference_models) != sorted(set(self.reference_models)):
            raise ParameterError("the digests of the reference models must be sorted, each once")

    @classmethod
    def of(
        cls, pack: VerifierPack, *, code: str, reference_models: tuple[str, ...] = (), first_look: int | None = None
    ) -> "Commitment":
        """The commitment to a pack; with `first_look`, to look first after so many probes and then at doubled numbers.

        Raises:
            ParameterError: a first look at fewer than two probes.
        """
        plan = None
        if first_look is not None:
            plan = SequentialPlan.doubling(pack.release_id, probes=pack.count, alpha=pack.alpha, first=first_look)
        models = tuple(sorted(set(reference_models)))
        return cls(pack=pack.commitment(), code=code, reference_models=models, plan=plan)

    def to_bytes(self) -> bytes:
        """Canonical bytes, whose digest stands in the log."""
        if self.code is None:
            return canonical.encode(TAG, self.pack)
        own = {"code": self.code, "reference_models": list(self.reference_models), "sequential_plan": self._plan()}
        return canonical.encode(TAG, {**self.pack, **own})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Commitment":
        """The commitment whose canonical bytes are `data`.

        Raises:
            CanonicalMalformed: other bytes, or a commitment that is not allowed.
        """
        fields = canonical.decode(TAG, data)
        own = {name: fields.pop(name) for name in _OWN if name in fields}
        try:
            made = cls(
                pack=fields,
                code=own.get("code"),
                reference_models=tuple(own.get("reference_models", ())),
                plan=_parse_plan(own.get("sequential_plan"), fields),
            )
            again = made.to_bytes()
        except (KeyError, TypeError, ValueError, ParameterError) as error:
            raise CanonicalMalformed(f"not a release commitment: {error}") from error
        if again != data:
            raise CanonicalMalformed("not a release commitment: its own fields are incomplete")
        return made

    @property
    def digest(self) -> str:
        """Digest of the bytes: what the log's entry says."""
        return canonical.digest(self.to_bytes())

    def _plan(self) -> dict[str, Any] | None:
        if self.plan is None:
            return None
        return {"digest": self.plan.digest, "looks": [[look.probes, look.alpha] for look in self.plan.looks]}


def _parse_plan(fields: Any, pack: Mapping[str, Any]) -> SequentialPlan | None:
    if fields is None:
        return None
    looks = tuple(Look(probes=int(count), alpha=float(alpha)) for count, alpha in fields["looks"])
    return SequentialPlan(release=pack["pack_digest"], looks=looks)


def _require_plan(plan: SequentialPlan, pack: Mapping[str, Any]) -> None:
    if plan.release != pack["pack_digest"]:
        raise ParameterError(f"a plan of release {plan.release} in a commitment to {pack['pack_digest']}")
    if plan.looks[-1].probes > pack["probe_count"] or plan.alpha > pack["alpha"]:
        raise ParameterError("the plan asks more probes, or spends more alpha, than the release has")
