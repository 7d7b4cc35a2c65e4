"""How commands name a suspect and what asking it may cost: options, and the suspect that they open."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from api.commands import files
from api.suspects import opening
from api.suspects.asking import Plan, ask_all, size_of
from api.suspects.guard import Guard, Network
from api.suspects.opening import Means
from api.suspects.outbound import Bounds, Outbound
from api.suspects.sandbox.confine import Limits
from api.suspects.suspect import Suspect

MAX_ANSWER_BYTES = 1 << 30

TokenFile = Annotated[Path | None, typer.Option("--token-file", help="Endpoint: file with its bearer token.")]
AllowNetwork = Annotated[
    list[str] | None, typer.Option("--allow-network", help="Endpoint: a private network that may be called, as CIDR.")
]
Batch = Annotated[int, typer.Option("--batch", min=1, help="Endpoint: probes in one request.")]
BatchOrNone = Annotated[
    int | None,
    typer.Option("--batch", min=1, help="Probes in one request (64), or in one step of a model's job (1024)."),
]
PerSecond = Annotated[float, typer.Option("--per-second", min=0.001, help="Endpoint: requests a second at most.")]
Budget = Annotated[int | None, typer.Option("--budget", min=1, help="Probes that may be asked at most.")]
PACE = 50.0
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Endpoint: seconds for one answer.")]
ArchitectureFile = Annotated[
    Path | None, typer.Option("--architecture", help="Weights: JSON file of the architecture that they belong to.")
]
InputName = Annotated[str, typer.Option("--input", help="Endpoint (OIP): the input tensor.")]
OutputName = Annotated[
    str | None, typer.Option("--output", help="The output tensor, or the estimator's method, if there are several.")
]
_SECONDS = typer.Option("--model-seconds", min=1, help="Model: processor time of one run.")
_MEMORY = typer.Option("--model-memory", min=256, help="Model: MiB of memory of one run.")
ModelSeconds = Annotated[int, _SECONDS]
ModelSecondsOrNone = Annotated[int | None, _SECONDS]
ModelMemory = Annotated[int, _MEMORY]
ModelMemoryOrNone = Annotated[int | None, _MEMORY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """What the options of an endpoint say."""

    token_file: Path | None
    allow_network: list[str] | None
    per_second: float
    timeout: float

    def headers(self) -> dict[str, str]:
        """The credential's header, where there is one."""
        token = self.token()
        return {} if token is None else {"Authorization": f"Bearer {token}"}

    def token(self) -> str | None:
        """The credential, where there is one."""
        return None if self.token_file is None else files.read(self.token_file).decode().strip()

    def outbound(self) -> Outbound:
        """A client within these bounds."""
        guard = Guard(allowed=networks(self.allow_network or []))
        return Outbound(guard=guard, bounds=Bounds(seconds=self.timeout, interval=1 / self.per_second))


def means(
    calling: Calling,
    *,
    architecture: Path | None = None,
    input_name: str = "input",
    output: str | None = None,
    seconds: int = Limits().cpu,
    memory: int = Limits().memory >> 20,
) -> Means:
    """What a suspect is opened with."""
    return Means(
        outbound=calling.outbound,
        limit=MAX_ANSWER_BYTES,
        architecture=None if architecture is None else files.read(architecture),
        input_name=input_name,
        output=output,
        headers=calling.headers(),
        limits=Limits(cpu=seconds, seconds=2.0 * seconds, memory=memory << 20),
    )


@contextmanager
def opened(where: str, with_means: Means) -> Iterator[Suspect]:
    """The suspect at an address or in a file, closed afterwards."""
    if opening.is_address(where):
        suspect: Suspect = opening.at_address(where, with_means)
    else:
        suspect = opening.in_file(files.read(Path(where)), with_means)
    try:
        yield suspect
    finally:
        suspect.close()


def described(where: str, with_means: Means) -> dict[str, Any] | None:
    """The description of the endpoint at an address or in a file; None for answers and models."""
    if opening.is_address(where):
        return dict(opening.described_by(where, with_means))
    return opening.described_in(files.read(Path(where)))


def answers_of(suspect: Suspect, probes: NDArray[Any], *, record: Path, plan: Plan) -> NDArray[Any]:
    """All answers, with a bar on a terminal; each exchange goes into the record."""
    console = Console(stderr=True)
    total = -(-len(probes) // size_of(suspect, plan))
    parts = ask_all(suspect, probes, record=record, plan=plan)
    return np.concatenate(
        list(track(parts, total=total, description="probes", console=console, disable=not console.is_terminal))
    )


def networks(texts: list[str]) -> tuple[Network, ...]:
    """Networks given as CIDR.

    Raises:
        typer.BadParameter: one that is none.
    """
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise typer.BadParameter(f"--allow-network: {error}; write it as 10.0.0.0/8") from error
