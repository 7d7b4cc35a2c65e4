"""`countermark job` and `countermark worker`: durable jobs, and a process that does their steps."""

import signal
import sys
from contextlib import nullcontext
from queue import SimpleQueue
from typing import Annotated

import typer
from threadpoolctl import threadpool_limits

from api.commands import suspects
from api.commands.desks import After, Data, Limit, Server, address_of, desk_of, settings_of, store_of
from api.commands.durable import decided, worker_settings, working
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.commands.verify import show_verdict
from api.configured_tracing import tracer_of
from api.jobs.backends.catalogue import backend_of
from api.jobs.crew import Crew
from api.telemetry import logger

app = typer.Typer(help="Look at durable jobs, follow, cancel and retry them.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="Id of the job.")]


@app.command("list", epilog="Example: countermark job list --json")
def list_jobs(
    data: Data = None, server: Server = None, limit: Limit = 100, after: After = None, as_json: AsJson = False
) -> None:
    """List the jobs, whatever their state."""
    with desk_of(data, server) as desk:
        found = desk.jobs(after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(j.id, j.case_id, j.state, f"{j.answered}/{j.probes}", j.asked, j.failure) for j in found.items]
    show_table(("job", "case", "state", "answered", "asked", "failure"), rows, more=found.next)


@app.command("show", epilog="Example: countermark job show 0123456789abcdef0123456789abcdef")
def show(job: JobId, data: Data = None, server: Server = None, as_json: AsJson = False) -> None:
    """Look at one job."""
    with desk_of(data, server) as desk:
        found = desk.job(job)
    show_fields(found, as_json=as_json)


@app.command("follow", epilog="Example: countermark job follow 0123456789abcdef0123456789abcdef")
def follow(
    job: JobId,
    work: Annotated[bool, typer.Option("--work", help="Do the job's steps here, in the data directory.")] = False,
    allow_network: suspects.AllowNetwork = None,
    timeout: suspects.Timeout = 60.0,
    model_seconds: suspects.ModelSecondsOrNone = None,
    model_memory: suspects.ModelMemoryOrNone = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Wait for the job's end with a progress bar, then print its verdict. Exit codes as of `verify`."""
    if work and address_of(data, server) is not None:
        raise typer.BadParameter("--work is for the data directory; a service does the steps itself")
    if not work and (allow_network or model_seconds or model_memory):
        raise typer.BadParameter("--allow-network, --model-seconds and --model-memory are for --work")
    with desk_of(data, server) as desk:
        settings = worker_settings(data, allow_network, timeout, model_seconds=model_seconds, model_memory=model_memory)
        steps = working(desk, job, settings) if work else nullcontext()
        with steps:
            verdict = decided(desk, job)
    show_verdict(verdict, as_json=as_json, job=job)


@app.command("cancel", epilog="Example: countermark job cancel 0123456789abcdef0123456789abcdef")
def cancel(job: JobId, data: Data = None, server: Server = None, as_json: AsJson = False) -> None:
    """Begin no further step; the answers are kept, and the case stays open unless a look was taken."""
    with desk_of(data, server) as desk:
        cancelled = desk.cancel_job(job)
    show_fields(cancelled, as_json=as_json)


@app.command("retry", epilog="Example: countermark job retry 0123456789abcdef0123456789abcdef --budget 20000")
def retry(
    job: JobId,
    budget: Annotated[int | None, typer.Option("--budget", min=1, help="Probes that may be asked at most.")] = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Have a failed job go on where it stopped."""
    with desk_of(data, server) as desk:
        going = desk.retry_job(job, budget=budget)
    show_fields(going, as_json=as_json)


def worker(data: Data = None) -> None:
    """Do the steps of durable jobs until told to stop; as many processes as one likes, on any machine."""
    settings, told = settings_of(data), SimpleQueue[int]()  # unlike an event, one may be put while another is taken
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: told.put(number))
    with store_of(settings) as store, threadpool_limits(1):
        store.remove_left_job_files()
        tracer = tracer_of(settings)
        crew = Crew(store, settings, log=logger(sys.stderr), tracer=tracer)
        with backend_of(store, settings, crew).open():
            told.get()
        if tracer is not None:
            tracer.close()
