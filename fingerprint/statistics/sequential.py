"""Few probes when the evidence is strong: looks planned ahead, alpha spent ahead.

A plan fixes, before any suspect is seen, at which numbers of probes n_1 < n_2 < ... the evidence is looked at and what
part alpha_k of alpha each look may spend. After n_k answers the devices with family-wise p <= alpha_k are named; if
there are any the looking stops, else the next probes are sent. The plan's bytes are committed in the log together with
the release, so nobody can plan after the fact.

Validity. Let d be any innocent set of devices. The only thing that answers beyond look k can depend on, apart from
what the suspect knew from the start, is that looks 1..k did not stop: one possible message, "go on". So consider the
answers that the suspect gives, or would give, if always told to go on. They are fixed before any codeword matters, and
so is the evidence y_k of every look. An innocent is named only if for some k its score against THAT y_k passes the
threshold of alpha_k, whether or not look k takes place. By the theorem each of these events has probability at most
alpha_k, and by the union bound

    P(any innocent is named at any look) <= sum_k alpha_k = alpha

for every suspect, also one that adapts to being asked on. Looks share probes and are strongly dependent, so the true
figure is smaller still. What would break it: choosing looks, or the kind of answer, after scores were seen.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.statistics import bounds

TAG = "countermark/sequential-plan"
FIRST_LOOK = 500
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: after how many probes, at what alpha."""

    probes: int
    alpha: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialPlan:
    """All looks at a suspect of one release, fixed before any suspect was seen.

    Law: `SequentialPlan.from_bytes(p.to_bytes()) == p`.

    Attributes:
        release: release id that the plan belongs to.
        looks: rising probe counts, each with the alpha that it spends; probes in the order of the verifier pack.

    Raises:
        ParameterError: no looks, counts that do not rise, alphas that are not positive or sum to one or more.
    """

    release: str
    looks: tuple[Look, ...]

    def __post_init__(self) -> None:
        counts = [look.probes for look in self.looks]
        if not self.release or not counts or counts[0] < 2 or any(a >= b for a, b in pairwise(counts)):
            raise ParameterError(f"a plan needs a release and rising looks of two probes or more, not {counts}")
        if any(not look.alpha > 0 for look in self.looks) or not self.alpha < 1:
            raise ParameterError("every look must spend a positive alpha, and all together less than one")

    @property
    def alpha(self) -> float:
        """Bound on the probability of naming any innocent at any look: the sum over looks."""
        return math.fsum(look.alpha for look in self.looks)

    @property
    def digest(self) -> str:
        """Digest of the plan's bytes: what is committed in the log beside the release's commitment."""
        return canonical.digest(self.to_bytes())

    @classmethod
    def doubling(cls, release: str, *, probes: int, alpha: float, first: int = FIRST_LOOK) -> "SequentialPlan":
        """Looks at first, 2 first, 4 first, ... and at last at all probes; alpha in equal parts.

        Equal parts cost little: four looks at 1e-6 raise each threshold by about a quarter of a score unit.

        Example:
            >>> plan = SequentialPlan.doubling("sha256:00", probes=5000, alpha=1e-6)
            >>> [look.probes for look in plan.looks], plan.alpha <= 1e-6
            ([500, 1000, 2000, 4000, 5000], True)
        """
        if first < 2 or probes < 2:
            raise ParameterError(f"looks begin at two probes or more, not at {min(first, probes)}")
        counts = [first << power for power in range((probes // first).bit_length()) if first << power < probes]
        counts.append(probes)
        part = math.nextafter(alpha / len(counts), 0.0)  # rounded down, so that the sum is never above alpha
        return cls(release=release, looks=tuple(Look(probes=count, alpha=part) for count in counts))

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        looks = [[look.probes, look.alpha] for look in self.looks]
        return canonical.encode(TAG, {"release": self.release, "looks": looks, "bound": bounds.BOUND_NAME})

    @classmethod
    def from_bytes(cls, data: bytes) -> "SequentialPlan":
        """The plan whose canonical bytes are `data`.

        Raises:
            CanonicalMalformed: other bytes, or a plan that is not allowed.
        """
        fields = canonical.decode(TAG, data)
        try:
            looks = tuple(Look(probes=int(count), alpha=float(alpha)) for count, alpha in fields["looks"])
            plan = cls(release=fields["release"], looks=looks)
        except (KeyError, TypeError, ValueError) as error:
            raise CanonicalMalformed(f"not a sequential plan: {error}") from error
        if plan.to_bytes() != data:
            raise CanonicalMalformed("not a sequential plan: unknown fields, or another bound")
        return plan


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where the looking stopped.

    Attributes:
        look: the look that decided: the first that named a device, or the last.
        taken: how many looks were taken.
        scores: t of every device at that look, float64 (N,).
        family_wise: p of every device at that look, float64 (N,).
        named: positions of the devices with family-wise p <= look.alpha; empty for an unknown source.
    """

    look: Look
    taken: int
    scores: Floats
    family_wise: Floats
    named: tuple[int, ...]


def run_looks(plan: SequentialPlan, scores_after: Callable[[int], Floats], *, tests: int | None = None) -> Outcome:
    """Take the looks of a plan until one of them names a device.

    Args:
        plan: fixed before the suspect was seen.
        scores_after: number of probes -> t of all N devices from the first so many answers. Called once per look, in
            rising order, so that it may ask the suspect only what is needed.
        tests: number of hypotheses, at least N; N when not given.

    Raises:
        ParameterError: fewer tests than devices.

    Example:
        >>> plan = SequentialPlan.doubling("sha256:00", probes=2000, alpha=1e-6)
        >>> found = run_looks(plan, lambda n: np.array([n / 150, 0.3]))
        >>> found.look.probes, found.named
        (1000, (0,))
    """
    for taken, look in enumerate(plan.looks, start=1):
        outcome = _take(look, taken, np.asarray(scores_after(look.probes), dtype=np.float64), tests)
        if outcome.named:
            break
    return outcome


def _take(look: Look, taken: int, scores: Floats, tests: int | None) -> Outcome:
    hypotheses = max(scores.size, 1) if tests is None else tests
    if hypotheses < scores.size:
        raise ParameterError(f"{hypotheses} tests declared for {scores.size} devices; every device is a test")
    family = bounds.family_wise(bounds.tail_bound(scores), hypotheses)
    named = tuple(np.flatnonzero(family <= look.alpha).tolist())
    return Outcome(look=look, taken=taken, scores=scores, family_wise=family, named=named)
