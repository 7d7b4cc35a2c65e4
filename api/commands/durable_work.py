"""What a durable job is opened about: an endpoint to be asked, or a model to be run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from api.asker import Asker
from api.commands import files, suspects
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
class Terms:
    """On what terms a job is done.

    Attributes:
        kind: what the answers are; told by the numbers when None.
        batch: probes of one step; when None what suits the suspect.
        budget: the most probes that may be put to it.
        priority: of two jobs that are due the one with the higher number goes first.
    """

    kind: str | None
    batch: int | None
    budget: int | None
    priority: int

    def given(self, batch: int) -> dict[str, Any]:
        """Arguments of whatever opens a job, `batch` where none was said."""
        return {**asdict(self), "batch": self.batch or batch}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An endpoint that a job is to ask, described as in a file, and its credential."""

    endpoint: Mapping[str, Any]
    token: str | None
    terms: Terms

    def opened(self, desk: Desk, case: str, settings: Settings) -> Job:
        """The job, opened by a service, or in the data directory."""
        given = self.terms.given(ENDPOINT_BATCH)
        if not isinstance(desk, Workspace):
            return desk.open_job(case, self.endpoint, token=self.token, **given)
        new = new_job(Asker(settings=settings), self.endpoint, token=self.token, **given)
        return desk.once(lambda registry: Job.of(registry.open_job(desk.tenant, case, new)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A model that a job is to run.

    Attributes:
        file: the model's bytes.
        architecture: JSON file of the architecture that weights belong to; a service has it under the file's name.
        output: which output is read, where there are several.
        terms: on what terms.
    """

    file: bytes = field(repr=False)
    architecture: Path | None
    output: str | None
    terms: Terms

    def opened(self, desk: Desk, case: str, settings: Settings) -> Job:
        """The job, opened by a service, or in the data directory."""
        given = self.terms.given(MODEL_BATCH)
        if not isinstance(desk, Workspace):
            known = None if self.architecture is None else self.architecture.stem
            return desk.open_model_job(case, self.file, architecture=known, output=self.output, **given)
        built = None if self.architecture is None else files.read(self.architecture)
        new = new_model_job(Asker(settings=settings), self.file, architecture=built, output=self.output, **given)
        return desk.once(lambda registry: Job.of(registry.open_job(desk.tenant, case, new)))


def work_of(source: str, means: opening.Means, *, token: str | None, architecture: Path | None, terms: Terms) -> Work:
    """What a job about the suspect at an address, or in a file, has to do.

    Raises:
        AnswerUnusable, ModelError, SuspectMisbehaved: it is neither an endpoint nor a model, or none that can be asked.
    """
    fields = suspects.described(source, means)
    if fields is not None:
        endpoint_file.endpoint_of(fields)
        return Asking(endpoint=fields, token=token, terms=terms)
    data = files.read(Path(source))
    if isinstance(opening.in_file(data, means), Given):
        raise AnswerUnusable("a durable job asks an endpoint or runs a model, and this is a file of answers; leave"
                             " --durable out")  # fmt: skip
    return Running(file=data, architecture=architecture, output=means.output, terms=terms)
