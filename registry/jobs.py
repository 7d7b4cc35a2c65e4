"""Durable jobs as values: the asking of one suspect about one case, cut into steps that are done one after another.

A suspect is an endpoint, described and with its credential, or a model, uploaded as a file.

```
probes   0 ...... 64 ...... 128 | look 1 | 128 ...... 192 ...... 256 | look 2 | ...
```

A step asks the probes [start, stop), or looks at all answers so far (start = stop). The looks are those of the plan
that was committed with the release, or one at the end. A worker takes a lease of a job's first step that is not done;
nobody else gets it before the lease expires or is given back. So no probe is put to the suspect twice unless its answer
was lost, and the next look's probes are never asked before the look before it left the case undecided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"  # no step was begun, or it is to be tried again
    RUNNING = "running"
    DONE = "done"  # the case has its verdict
    FAILED = "failed"  # can be tried again
    CANCELLED = "cancelled"


OPEN = (JobState.WAITING, JobState.RUNNING)
ENDED = (JobState.DONE, JobState.CANCELLED)
"""For good."""


class Happened(StrEnum):
    """The names of a job's events."""

    OPENED = "opened"
    ANSWERED = "answered"
    LOOKED = "looked"  # and nobody could be named yet
    POSTPONED = "postponed"
    FAILED = "failed"
    RETRIED = "retried"
    CANCELLED = "cancelled"
    DECIDED = "decided"


LAST = frozenset({Happened.FAILED, Happened.CANCELLED, Happened.DECIDED})
"""Events after which nothing happens by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is to be asked, and how.

    Attributes:
        suspect: its identity, for the record; no credential.
        spec: how to reach it; sealed.
        credential: sealed, and destroyed when the job is done or cancelled.
        file: the suspect itself, where it is a file; sealed, and destroyed likewise.
        kind: what the answers are; told by the numbers of the first look when None.
        batch: probes of one step.
        priority: of two jobs that are due the one with the higher number goes first.
        budget: the most probes that may be put to the suspect, those whose answers were lost included.
    """

    suspect: str
    spec: bytes = field(repr=False)
    credential: bytes | None = field(default=None, repr=False)
    file: bytes | None = field(default=None, repr=False)
    kind: str | None = None
    batch: int = 64
    priority: int = 0
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands.

    Attributes:
        probes: how many are asked if no look decides before the last.
        asked: how many were put to the suspect, those whose answers were lost included.
        answered: how many it answered.
        failures: how often in a row a step brought nothing: no answer, or an error.
        not_before: when the next step may begin.
        failure: why the job failed, or why it was last put off.
    """

    id: str
    case_id: str
    state: JobState
    suspect: str
    kind: str | None
    batch: int
    priority: int
    budget: int | None
    probes: int
    asked: int
    answered: int
    failures: int
    not_before: datetime
    failure: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """Something that happened to a job; `seq` counts from 1 without gaps, `data` is a JSON object."""

    seq: int
    name: Happened
    at: datetime
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to do one step of a job, until it expires.

    Attributes:
        owner: whose it is.
        seq: number of the step.
        start, stop: probes to be asked; equal for a look.
        last: whether it is the last look.
    """

    tenant: str
    job_id: str
    case_id: str
    owner: str
    seq: int
    start: int
    stop: int
    last: bool
    kind: str | None
    spec: bytes = field(repr=False)
    credential: bytes | None = field(repr=False)

    @property
    def looks(self) -> bool:
        """Whether the step is a look rather than a question."""
        return self.start == self.stop


def steps_of(looks: Sequence[int], batch: int) -> list[tuple[int, int]]:
    """The steps, as (start, stop), that ask in batches and look after so many probes.

    Example:
        >>> steps_of([5, 8], 3)
        [(0, 3), (3, 5), (5, 5), (5, 8), (8, 8)]
    """
    steps: list[tuple[int, int]] = []
    asked = 0
    for look in looks:
        steps += [(start, min(start + batch, look)) for start in range(asked, look, batch)]
        steps.append((look, look))
        asked = look
    return steps
