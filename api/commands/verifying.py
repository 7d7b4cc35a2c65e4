"""From an opened suspect to a verdict: asked here, or run by the service where its operator allows that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from numpy.typing import NDArray

from api.client import Client, ServiceError
from api.commands.desks import Desk
from api.commands.suspects import answers_of
from api.evidence import Verdict
from api.suspects.asking import Plan
from api.suspects.detect import kind_of
from api.suspects.given import Given
from api.suspects.models.model import Model
from api.suspects.suspect import Suspect
from fingerprint.observation import Kind

_NOT_ADMITTED = "/model-not-admitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is asked about which suspect, and where it is kept.

    Attributes:
        release: a new case is opened about it.
        case: an open one instead.
        suspect: what it is, for the record of a new case.
        data: the data directory, if named.
        server: address of a service, if named.
    """

    release: str | None
    case: str | None
    suspect: str
    data: Path | None
    server: str | None

    def opened(self, desk: Desk) -> str:
        """Id of the case, which is opened now if it is a new one."""
        return self.case or desk.open_case(self.release or "", suspect=self.suspect).id


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    """One case to be decided.

    Attributes:
        desk: where the case is.
        case: its id.
        kind: what the answers are; told by the numbers when None.
        record: file of all exchanges; beside the command when None.
        plan: how the probes are asked.
        architecture: name under which the service knows the architecture of weights.
        endpoint: description of the suspect, if it is an endpoint that the service may be told to ask.
        token: the endpoint's credential.
    """

    desk: Desk
    case: str
    kind: Kind | None
    record: Path | None
    plan: Plan
    architecture: str | None = None
    endpoint: Mapping[str, Any] | None = None
    token: str | None = field(default=None, repr=False)

    def asked(self, suspect: Suspect) -> Verdict:
        """The verdict over answers that are got here; a file of answers is sent as it is."""
        if isinstance(suspect, Given):
            kind = self.kind or self._stated(suspect.read())
            return self.desk.send_outputs(self.case, suspect.data, kind=kind)
        record = self.record or Path(f"{self.case}.record.jsonl")
        answers = answers_of(suspect, self.desk.probes(self.case), record=record, plan=self.plan)
        return self.desk.send_outputs(self.case, answers, kind=self.kind or self._stated(answers))

    def uploaded(self, suspect: Suspect) -> Verdict:
        """The verdict of a service that runs or asks itself; got from here where its operator does not allow that."""
        if isinstance(suspect, Given) or not isinstance(self.desk, Client):
            raise typer.BadParameter("--upload is for a model's file or an endpoint, and a service (--server)")
        try:
            return self._by_service(self.desk, suspect)
        except ServiceError as error:
            if not error.problem.type.endswith(_NOT_ADMITTED):
                raise
            typer.echo(f"{error.problem.detail}; the suspect is asked here.", err=True)
            return self.asked(suspect)

    def _by_service(self, service: Client, suspect: Suspect) -> Verdict:
        if isinstance(suspect, Model):
            return service.send_model(
                self.case, suspect.data, kind=self.kind, architecture=self.architecture, output=suspect.output
            )
        batch = self.plan.batch
        return service.ask_endpoint(self.case, self.endpoint or {}, token=self.token, kind=self.kind, batch=batch)

    def _stated(self, answers: NDArray[Any]) -> Kind:
        kind = kind_of(answers)
        typer.echo(f"The answers are taken for {kind}, by their numbers; say --kind if they are not.", err=True)
        return kind
