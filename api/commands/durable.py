"""`countermark verify --durable` and `countermark job follow`: jobs opened, their steps done here or by a service.

Without a service the command is a worker of its own, for this one job; killed, it leaves the job as it is.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from api.commands.desks import Desk, settings_of
from api.commands.suspects import networks
from api.evidence import Verdict
from api.jobs.backends.rows import Rows
from api.jobs.crew import Crew
from api.settings import Settings
from api.telemetry import logger
from api.workspace import Workspace
from registry.repository.due import Due

INTERRUPTED = 130
"""Exit code when a command is told to stop before the job has ended."""


def worker_settings(
    data: Path | None,
    allow_network: list[str] | None,
    timeout: float,
    *,
    model_seconds: int | None = None,
    model_memory: int | None = None,
) -> Settings:
    """What the steps that this process does may do: whoever types the command is the operator."""
    allowed = (*settings_of(data).allow_networks, *networks(allow_network or []))
    return settings_of(
        data,
        ask_endpoints=True,
        run_models=True,
        allow_networks=allowed,
        answer_seconds=timeout,
        model_seconds=model_seconds,
        model_memory=None if model_memory is None else model_memory << 20,
        workers=1,
    )


@contextmanager
def working(desk: Desk, job: str, settings: Settings) -> Iterator[None]:
    """Have the job's steps done here meanwhile, and no other job's; a service does them itself."""
    if not isinstance(desk, Workspace):
        yield
        return
    crew = Crew(desk.store, settings, log=logger(sys.stderr))
    with Rows(crew, only=Due(desk.tenant, job)).open():
        yield


def decided(desk: Desk, job: str) -> Verdict:
    """The verdict, once the job has ended; a bar on a terminal meanwhile.

    Raises:
        typer.Exit: 1, the job failed or was cancelled; 130, interrupted, and the job is left as it is.
    """
    try:
        _wait(desk, job)
    except KeyboardInterrupt:
        typer.echo(how_to_follow(desk, job), err=True)
        raise typer.Exit(INTERRUPTED) from None
    found = desk.job(job)
    if found.state != "done":
        typer.echo(f"error: job {job} is {found.state}: {found.failure or 'on request'}", err=True)
        raise typer.Exit(1)
    return desk.verdict(found.case_id)


def how_to_follow(desk: Desk, job: str) -> str:
    """What becomes of a job that nobody follows, and how to follow it."""
    if isinstance(desk, Workspace):
        return f"Job {job} goes on with `countermark job follow {job} --work`, or a `countermark worker`."
    return f"Job {job} goes on at the service; follow it with `countermark job follow {job}`."


def _wait(desk: Desk, job: str) -> None:
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("probes")
        for event in desk.job_events(job):
            bar.update(task, total=event.progress.probes, completed=event.progress.answered, description=event.name)
