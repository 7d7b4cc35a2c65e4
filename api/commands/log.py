"""`countermark log`: audit the registry, read checkpoints and proofs."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from api.commands import files
from api.commands.desks import Data, Server, desk_of, settings_of, store_of
from api.commands.output import AsJson, show_fields, show_json

app = typer.Typer(help="Audit the registry, read checkpoints and proofs.", no_args_is_help=True)


@app.command("audit", epilog="Example: countermark log audit --since last-month.checkpoint")
def audit(
    since: Annotated[
        Path | None, typer.Option("--since", help="An earlier checkpoint's note: was history rewritten?")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the log from its entries alone and compare every row of the registry with it; local only."""
    note = None if since is None else files.read(since).decode(errors="replace")
    with store_of(settings_of(data)) as store:
        report = store.audit(since=note)
    fields = {name: _plain(value) for name, value in dataclasses.asdict(report).items()}
    show_fields(fields, as_json=as_json)


@app.command("checkpoint", epilog="Example: countermark log checkpoint --note > today.checkpoint")
def checkpoint(
    note: Annotated[bool, typer.Option("--note", help="Print the signed note alone, to be kept.")] = False,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print the newest signed checkpoint."""
    with desk_of(data, server) as desk:
        found = desk.checkpoint()
    if note and not as_json:
        typer.echo(found.note, nl=False)
    else:
        show_fields(found, as_json=as_json)


@app.command("proof", epilog="Example: countermark log proof 12 --json")
def proof(
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print the proof that an entry is in the log."""
    with desk_of(data, server) as desk:
        found = desk.proof(index)
    show_fields(found, as_json=as_json)


@app.command("entry", epilog="Example: countermark log entry 12 --json")
def entry(
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print an entry's exact bytes: digests and random ids, no names."""
    with desk_of(data, server) as desk:
        found = desk.entry(index)
    if as_json:
        show_json(found)
    else:
        typer.echo(found.data.decode())


@app.command("consistency", epilog="Example: countermark log consistency 12 --json")
def consistency(
    old: Annotated[int, typer.Argument(min=0, help="Size of an earlier checkpoint.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print the proof that the log of that size is a prefix of the newest one."""
    with desk_of(data, server) as desk:
        found = desk.consistency(old)
    show_fields(found, as_json=as_json)


@app.command("key", epilog="Example: countermark log key")
def key(data: Data = None, server: Server = None, as_json: AsJson = False) -> None:
    """Print the log's public key, to be compared with the one got out of band."""
    with desk_of(data, server) as desk:
        found = desk.log_key()
    show_fields(found, as_json=as_json)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, dict) else value
