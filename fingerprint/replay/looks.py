"""The looks of a release's sequential plan, as its commitment states them, and the release as one look sees it.

A look reads the first probes of the pack and spends its part of alpha. Why all looks together name an innocent with
probability alpha at most is argued in `fingerprint.statistics.sequential`; that bound covers whatever look a verdict
comes from, one chosen afterwards included.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from fingerprint import canonical
from fingerprint.errors import PackMalformed, ParameterError
from fingerprint.replay import bounds
from fingerprint.replay.release import Release

PLAN_TAG = "countermark/sequential-plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a commitment says of looks.

    Attributes:
        looks: rising (probes, alpha); empty where the release was committed without a plan.
        digest: of the plan; None where there is none.
    """

    looks: tuple[tuple[int, float], ...]
    digest: str | None

    def number_of(self, release: Release, *, probes: int, alpha: float) -> int | None:
        """Which look a verdict over so many probes at this alpha is, from 1; None for all probes at the whole alpha.

        Raises:
            ParameterError: neither.
        """
        for number, look in enumerate(self.looks, 1):
            if look == (probes, alpha):
                return number
        if (probes, alpha) != (release.count, release.alpha):
            raise ParameterError(f"{probes} probes at alpha {alpha:g} are no look that was committed with the release")
        return None

    def seen(self, release: Release, number: int | None) -> Release:
        """The release as the look of that number sees it: its first probes, its part of alpha; as it is for None.

        Raises:
            ParameterError: the plan has no such look.
        """
        if number is None:
            return release
        if type(number) is not int or not 1 <= number <= len(self.looks):
            raise ParameterError(f"look {number!r}: the release was committed with {len(self.looks)} looks")
        count, alpha = self.looks[number - 1]
        return replace(
            release,
            probes=release.probes[:count],
            features=release.features[:count],
            references={name: reference[:count] for name, reference in release.references.items()},
            expressed=None if release.expressed is None else release.expressed[:count],
            alpha=alpha,
        )


def committed(release: Release, commitment: Mapping[str, Any]) -> Plan:
    """The plan that a commitment to the release states, its digest computed anew.

    Raises:
        PackMalformed: looks that do not rise, ask more probes or spend more alpha than the release has, another digest.

    Example:
        >>> committed(None, {"probe_count": 10}).looks
        ()
    """
    stated = commitment.get("sequential_plan")
    if stated is None:
        return Plan(looks=(), digest=None)
    try:
        looks = tuple((int(count), float(alpha)) for count, alpha in stated["looks"])
        _require_allowed(looks, release)
        fields = {"release": release.release_id, "looks": [list(look) for look in looks], "bound": bounds.BOUND}
        plan = Plan(looks=looks, digest=canonical.digest(canonical.encode(PLAN_TAG, fields)))
        if stated["digest"] != plan.digest:
            raise PackMalformed("the commitment states another digest than that of its sequential plan")
    except (KeyError, TypeError, ValueError) as error:
        raise PackMalformed(f"the commitment's sequential plan cannot be read: {error}") from error
    return plan


def _require_allowed(looks: tuple[tuple[int, float], ...], release: Release) -> None:
    counts, alphas = [count for count, _ in looks], [alpha for _, alpha in looks]
    rising = counts and counts[0] >= 2 and all(a < b for a, b in pairwise(counts)) and counts[-1] <= release.count
    if not rising or not all(alpha > 0 for alpha in alphas) or math.fsum(alphas) > release.alpha:
        raise PackMalformed(f"a sequential plan of looks at {counts} that spends {math.fsum(alphas):g}")
