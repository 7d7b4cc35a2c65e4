"""What a durable job is opened about: an endpoint to be asked, or a model to be run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from api.asker import Asker
from api.commands import files
from api.commands.desks import Desk
from api.job_schemas import Job
from api.jobs.spec import MODEL_BATCH, new_job, new_model_job
from api.settings import Settings
from api.suspects import endpoint_file, opening
from api.suspects.errors import AnswerUnusable
from api.suspects.given import Given
from api.workspace import Workspace

ENDPOINT_BATCH = 64
"""Probes of one request, unless said otherwise."""


class Work(Protocol):
    """What a job is about."""

    def opened(self, desk: Desk, case: str, settings: Settings) -> Job:
        """The job, opened by a service, or in the data directory."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An endpoint that a job is to ask, and how.

    Attributes:
        endpoint: its description, as in a file.
        token: its credential.
        kind: what the answers are; told by the numbers when None.
        batch: probes of one request.
        budget: the most probes that may be asked.
    """

    endpoint: Mapping[str, Any]
    token: str | None
    kind: str | None
    batch: int
    budget: int | None

    def opened(self, desk: Desk, case: str, settings: Settings) -> Job:
        """The job, opened by a service, or in the data directory."""
        same: dict[str, Any] = {"token": self.token, "kind": self.kind, "batch": self.batch, "budget": self.budget}
        if not isinstance(desk, Workspace):
            return desk.open_job(case, self.endpoint, **same)
        new = new_job(Asker(settings=settings), self.endpoint, priority=0, **same)
        return desk.once(lambda registry: Job.of(registry.open_job(desk.tenant, case, new)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A model that a job is to run, and how.

    Attributes:
        file: the model's bytes.
        architecture: JSON file of the architecture that weights belong to; a service has it under the file's name.
        output: which output is read, where there are several.
        kind, batch, budget: as above.
    """

    file: bytes = field(repr=False)
    architecture: Path | None
    output: str | None
    kind: str | None
    batch: int
    budget: int | None

    def opened(self, desk: Desk, case: str, settings: Settings) -> Job:
        """The job, opened by a service, or in the data directory."""
        same: dict[str, Any] = {"output": self.output, "kind": self.kind, "batch": self.batch, "budget": self.budget}
        if not isinstance(desk, Workspace):
            known = None if self.architecture is None else self.architecture.stem
            return desk.open_model_job(case, self.file, architecture=known, **same)
        built = None if self.architecture is None else files.read(self.architecture)
        new = new_model_job(Asker(settings=settings), self.file, architecture=built, **same)
        return desk.once(lambda registry: Job.of(registry.open_job(desk.tenant, case, new)))


def work_of(
    source: str,
    means: opening.Means,
    *,
    token: str | None,
    architecture: Path | None,
    kind: str | None,
    batch: int | None,
    budget: int | None,
) -> Work:
    """What a job about the suspect at an address, or in a file, has to do.

    Raises:
        AnswerUnusable, ModelError, SuspectMisbehaved: it is neither an endpoint nor a model, or none that can be asked.
    """
    at = opening.is_address(source)
    data = b"" if at else files.read(Path(source))
    fields = opening.described_by(source, means) if at else opening.described_in(data)
    if fields is not None:
        endpoint_file.endpoint_of(fields)
        return Asking(endpoint=fields, token=token, kind=kind, batch=batch or ENDPOINT_BATCH, budget=budget)
    if isinstance(opening.in_file(data, means), Given):
        raise AnswerUnusable("a durable job asks an endpoint or runs a model, and this is a file of answers; leave"
                             " --durable out")  # fmt: skip
    return Running(
        file=data,
        architecture=architecture,
        output=means.output,
        kind=kind,
        batch=batch or MODEL_BATCH,
        budget=budget,
    )
