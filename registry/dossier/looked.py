"""Which look of the release's plan decided a case, and the release as that look saw it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fingerprint import canonical
from fingerprint.replay import looks
from fingerprint.replay.release import Release
from fingerprint.verdict import Verdict
from registry.evidence import contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A verdict's place in the plan.

    Attributes:
        release: all of it.
        plan: the looks that it was committed to.
        number: the look that decided, from 1; None for one look at all probes at the whole alpha.
    """

    release: Release
    plan: looks.Plan
    number: int | None

    @classmethod
    def of(cls, members: Mapping[str, bytes], verdict: Verdict) -> "Looked":
        """The place of a verdict about the release whose pack and commitment are among the members.

        Raises:
            ParameterError: no look of the plan, and not all probes at the whole alpha either.
        """
        release = Release.parse(members[contents.PACK])
        plan = looks.committed(release, canonical.decode(contents.COMMITMENT_TAG, members[contents.COMMITMENT]))
        number = plan.number_of(release, probes=verdict.probes, alpha=verdict.alpha)
        return cls(release=release, plan=plan, number=number)

    @property
    def asked(self) -> Release:
        """The release as the look that decided saw it."""
        return self.seen(self.number)

    def number_of(self, verdict: Verdict) -> int | None:
        """The look that decided another verdict about this release. Raises ParameterError."""
        return self.plan.number_of(self.release, probes=verdict.probes, alpha=verdict.alpha)

    def seen(self, number: int | None) -> Release:
        """The release as a look sees it."""
        return self.plan.seen(self.release, number)
