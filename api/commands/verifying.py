"""From an opened suspect to a verdict: asked here, or run by the service where its operator allows that."""

from dataclasses import dataclass
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
class Verifying:
    """One case to be decided.

    Attributes:
        desk: where the case is.
        case: its id.
        kind: what the answers are; told by the numbers when None.
        record: file of all exchanges; beside the command when None.
        plan: how the probes are asked.
        architecture: name under which the service knows the architecture of weights.
    """

    desk: Desk
    case: str
    kind: Kind | None
    record: Path | None
    plan: Plan
    architecture: str | None = None

    def asked(self, suspect: Suspect) -> Verdict:
        """The verdict over answers that are got here; a file of answers is sent as it is."""
        if isinstance(suspect, Given):
            kind = self.kind or self._stated(suspect.read())
            return self.desk.send_outputs(self.case, suspect.data, kind=kind)
        record = self.record or Path(f"{self.case}.record.jsonl")
        answers = answers_of(suspect, self.desk.probes(self.case), record=record, plan=self.plan)
        return self.desk.send_outputs(self.case, answers, kind=self.kind or self._stated(answers))

    def uploaded(self, suspect: Suspect) -> Verdict:
        """The verdict of a service that runs the model itself; asked here where its operator does not allow that."""
        if not isinstance(suspect, Model) or not isinstance(self.desk, Client):
            raise typer.BadParameter("--upload is for a model's file and a service (--server)")
        try:
            return self.desk.send_model(
                self.case, suspect.data, kind=self.kind, architecture=self.architecture, output=suspect.output
            )
        except ServiceError as error:
            if not error.problem.type.endswith(_NOT_ADMITTED):
                raise
            typer.echo("The service runs no uploaded models; the model is asked here.", err=True)
            return self.asked(suspect)

    def _stated(self, answers: NDArray[Any]) -> Kind:
        kind = kind_of(answers)
        typer.echo(f"The answers are taken for {kind}, by their numbers; say --kind if they are not.", err=True)
        return kind
