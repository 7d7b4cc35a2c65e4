"""The wire of durable jobs."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from api.fields import Moment
from api.schemas import Answer, NewEndpoint, Request
from registry import jobs

StateName = Literal["waiting", "running", "done", "failed", "cancelled"]
EventName = Literal["opened", "answered", "looked", "postponed", "failed", "retried", "cancelled", "decided"]
Budget = Annotated[
    int | None,
    Field(ge=1, le=(1 << 31) - 1, description="The most probes put to it, those whose answers were lost included."),
]


class NewJob(NewEndpoint):
    """The endpoint to be asked, step by step, by whichever worker is free."""

    token: Annotated[
        str | None,
        Field(
            max_length=4096,
            description="The endpoint's bearer token; sealed, and destroyed when the job is done or cancelled.",
        ),
    ] = None
    priority: Annotated[int, Field(ge=-100, le=100, description="Higher goes first.")] = 0
    budget: Budget = None


class JobRetry(Request):
    """How a failed job is to go on."""

    budget: Budget = None


class Job(Answer):
    """A verification that the service carries out step by step, whatever becomes of its processes."""

    id: str
    case_id: str
    state: StateName
    suspect: Annotated[str, Field(description="What is asked: adapter, address and model.")]
    kind: str | None
    batch: int
    priority: int
    budget: int | None
    probes: Annotated[int, Field(description="Asked in all, if no look decides before the last.")]
    asked: Annotated[int, Field(description="Put to the suspect so far, those whose answers were lost included.")]
    answered: Annotated[int, Field(description="Answered so far.")]
    failures: Annotated[int, Field(description="How often in a row a step brought nothing: no answer, or an error.")]
    not_before: Annotated[Moment, Field(description="When the next step may begin.")]
    failure: Annotated[str | None, Field(description="Why it failed, or was last put off.")]
    created_at: Moment
    ended_at: Moment | None


class Progress(Answer):
    """A job at the time of an event."""

    state: StateName
    probes: int
    asked: int
    answered: int
    failure: str | None = None


class JobEvent(Answer):
    """Something that happened to a job."""

    seq: Annotated[int, Field(description="Counts from 1; send it as Last-Event-ID to hear what came after it.")]
    name: EventName
    at: Moment
    progress: Progress

    @classmethod
    def of(cls, record: jobs.JobEvent) -> Self:
        """The event with its progress read."""
        progress: dict[str, Any] = json.loads(record.data)
        return cls(seq=record.seq, name=record.name.value, at=record.at, progress=Progress(**progress))

    @property
    def last(self) -> bool:
        """Whether nothing follows by itself."""
        return self.name in jobs.LAST
