"""What a release must withstand, and where the planner may look for it."""

from dataclasses import dataclass
from enum import StrEnum

from distill.errors import SettingsError
from distill.transforms import attack
from fingerprint import statistics


class Method(StrEnum):
    """How copies will be made."""

    DISTILLED = "distilled"
    MINTED = "minted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """After this attack, seen in this form of answer, a copy is named at this level for at most this much accuracy.

    Attributes:
        family_wise_p: to be reached, in 0..1.
        devices: N that it accounts for, at least 1.
        attack: name in `distill.transforms.CATALOGUE`; "none" for the copy as issued.
        observation: form of the suspect's answers, one of `distill.transforms.base.OBSERVATIONS`.
        points: most accuracy that the signature may cost, in percentage points, at least 0.
        power: share of copies that must reach the score, 0.5 or more and below 1.
        method: how copies will be made.

    Raises:
        SettingsError: a value out of range, an unknown attack, or one that never answers in this form.

    Example:
        >>> round(Goal(family_wise_p=1e-9, devices=1000).threshold, 2)
        7.19
    """

    family_wise_p: float = 1e-9
    devices: int = 1_000_000
    attack: str = "none"
    observation: str = "logits"
    points: float = 0.2
    power: float = 0.9
    method: Method = Method.DISTILLED

    def __post_init__(self) -> None:
        if not 0 < self.family_wise_p < 1 or self.devices < 1:
            raise SettingsError(f"family-wise p {self.family_wise_p} must lie in 0..1, devices {self.devices} above 0")
        if not 0 <= self.points < float("inf") or not 0.5 <= self.power < 1:
            raise SettingsError(f"points {self.points} must be 0 or more, power {self.power} between 0.5 and 1")
        answered = attack(self.attack).observations
        if self.observation not in answered:
            raise SettingsError(f"{self.attack!r} never answers with {self.observation!r}; it does with {answered}")

    @property
    def threshold(self) -> float:
        """Score whose family-wise bound among N devices is the wanted p."""
        return statistics.threshold(self.family_wise_p, self.devices)

    def p_at(self, score: float) -> float:
        """Family-wise bound of a score among N devices."""
        return float(statistics.family_wise(statistics.tail_bound(score), self.devices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where shadows are measured. Scouting uses minted copies; only chosen points are confirmed by the goal's method.

    Attributes:
        strengths: eps, increasing, two or more; the plan's eps lies between the first and the last.
        components: k, increasing.
        shares: of the probes offered, increasing, two or more, the last at most 1.
        scouts: shadow suspects at every (eps, k), each of a release with clean students of its own; at least 2.
        confirmations: shadow suspects at a chosen point, of as many releases; at least 2.
        rounds: how many points may be confirmed before the search gives up.
        steps: strengths tried between the first and the last, at least as many as were measured.

    Raises:
        SettingsError: a value out of range, or a list that does not increase.
    """

    strengths: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3)
    components: tuple[int, ...] = (12, 24)
    shares: tuple[float, ...] = (0.25, 0.5, 1.0)
    scouts: int = 3
    confirmations: int = 3
    rounds: int = 4
    steps: int = 25

    def __post_init__(self) -> None:
        for name, least in (("strengths", 2), ("components", 1), ("shares", 2)):
            values = getattr(self, name)
            if len(values) < least or values[0] <= 0 or list(values) != sorted(set(values)):
                raise SettingsError(f"{name} {values}: {least} or more, positive and increasing")
        if self.shares[-1] > 1 or self.strengths[-1] >= 10:
            raise SettingsError(f"shares {self.shares} end at 1 at most, strengths {self.strengths} below 10")
        if min(self.scouts, self.confirmations) < 2 or self.rounds < 1 or self.steps < len(self.strengths):
            raise SettingsError("2 scouts and 2 confirmations at least, 1 round, and a step for every strength")
