"""`countermark log`: audit the registry, have it witnessed, read checkpoints and proofs."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands import files
from api.commands.auditing import audit_here, audit_there
from api.commands.desks import Data, Server, address_of, desk_of, settings_of, store_of
from api.commands.output import AsJson, show_fields, show_json
from api.commands.timestamp import TsaRoots, authorities_of
from registry.log.policy import Policy

app = typer.Typer(help="Audit the registry, have it witnessed, read checkpoints and proofs.", no_args_is_help=True)


From = Annotated[Path | None, typer.Option("--from", help="An earlier checkpoint's note: was history rewritten?")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Policy file: logs, witnesses and a quorum.")]


@app.command("audit", epilog="Example: countermark log audit --from last-month.checkpoint")
def audit(
    since: From = None,
    policy: PolicyFile = None,
    key: Annotated[
        str | None, typer.Option("--key", help="With --server: the log's public key, got out of band.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the audited checkpoint to a new file, for the next --from.")
    ] = None,
    tsa_roots: TsaRoots = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild every root from the entries alone, and compare: rows of the database here, or a service's static files.

    Exit code 0: sound. 1: not, or it could not be told; the error says what and where. 2: usage.
    """
    if save is not None:
        files.check_free(save)
    note = None if since is None else files.read(since).decode(errors="replace")
    trusted = None if policy is None else Policy.parse(files.read(policy))
    address = address_of(data, server)
    if address is None:
        report: Any = audit_here(settings_of(data), note, trusted, authorities_of(tsa_roots, None))
    elif tsa_roots is not None:
        raise typer.BadParameter("a service's stamps: countermark timestamp list INDEX", param_hint="--tsa-roots")
    else:
        report = audit_there(address, settings_of(data), note, trusted, key)
    if save is not None:
        files.write(save, report.note.encode())
    show_fields({name: _plain(value) for name, value in dataclasses.asdict(report).items()}, as_json=as_json)


@app.command("witness", epilog="Example: countermark log witness --policy witnesses.policy")
def witness(
    policy: Annotated[Path, typer.Option("--policy", help="Policy file: this log, its witnesses, their quorum.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Ask the policy's witnesses to cosign the newest checkpoint, and keep what they answer.

    Exit code 0: the quorum cosigned. 1: it did not; what came is kept, and asking again asks for the rest.
    """
    trusted = Policy.parse(files.read(policy))
    with store_of(settings_of(data)) as store:
        cosigned = store.cosign(trusted)
    note = cosigned.checkpoint.note
    names = sorted(trusted.cosigned(note))
    shown = {"size": cosigned.checkpoint.size, "cosigned": names, "failed": dict(cosigned.failed), "note": note}
    if as_json:
        show_json(shown)
    else:
        typer.echo(note, nl=False)
    trusted.open(note)


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
