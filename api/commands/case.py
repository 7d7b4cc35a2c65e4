"""`countermark case`: open cases, look at them, read their verdicts and what was asked."""

from pathlib import Path
from typing import Annotated

import typer

from api.asker import Asker
from api.commands import files
from api.commands.desks import After, Data, Limit, Server, desk_of, settings_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.commands.verify import UNNAMED, Suspect, show_verdict
from api.workspace import Workspace

app = typer.Typer(help="Open cases, look at them, read their verdicts.", no_args_is_help=True)

CaseId = Annotated[str, typer.Argument(help="Id of the case.")]


@app.command("open", epilog="Example: countermark case open --release digits-1 --suspect 'model at example.com'")
def open_case(
    release: Annotated[str, typer.Option("--release", help="Name of the release.")],
    suspect: Suspect = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Ask whose copy of a release a suspect is; `verify --case` answers."""
    with desk_of(data, server) as desk:
        opened = desk.open_case(release, suspect=suspect or UNNAMED)
    show_fields(opened, as_json=as_json)


@app.command("show", epilog="Example: countermark case show 0123456789abcdef0123456789abcdef")
def show(case: CaseId, data: Data = None, server: Server = None, as_json: AsJson = False) -> None:
    """Look at one case."""
    with desk_of(data, server) as desk:
        found = desk.case(case)
    show_fields(found, as_json=as_json)


@app.command("list", epilog="Example: countermark case list --json")
def list_cases(
    data: Data = None, server: Server = None, limit: Limit = 100, after: After = None, as_json: AsJson = False
) -> None:
    """List the cases, decided and open."""
    with desk_of(data, server) as desk:
        found = desk.cases(after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(c.id, c.release, c.suspect, c.opened_at, "decided" if c.decided else "open") for c in found.items]
    show_table(("case", "release", "suspect", "opened", "state"), rows, more=found.next)


@app.command("verdict", epilog="Example: countermark case verdict 0123456789abcdef0123456789abcdef --json")
def verdict(case: CaseId, data: Data = None, server: Server = None, as_json: AsJson = False) -> None:
    """Read a recorded verdict, with a proof against the newest checkpoint. Exit codes as of `verify`."""
    with desk_of(data, server) as desk:
        found = desk.verdict(case)
    show_verdict(found, as_json=as_json)


@app.command("record", epilog="Example: countermark case record 0123456789abcdef0123456789abcdef --out case.jsonl")
def record(
    case: CaseId,
    out: Annotated[Path, typer.Option("--out", help="New file for the record, JSON lines.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Write every exchange that a service or a job had with the suspect to a file: digests, times, answers."""
    files.check_free(out)
    with desk_of(data, server) as desk:
        if isinstance(desk, Workspace):
            found = Asker(settings=settings_of(data)).record(desk, case)
        else:
            found = desk.record(case)
    files.write(out, found)
    show_fields({"case": case, "exchanges": max(0, len(found.splitlines()) - 1), "file": str(out)}, as_json=as_json)
