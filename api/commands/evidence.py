"""`countermark evidence`: make evidence packs, and check them without network."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands import files
from api.commands.desks import Data, Server, desk_of
from api.commands.output import AsJson, show_fields, show_json
from api.workspace import Workspace
from fingerprint import canonical
from registry.evidence.__main__ import describe, read_case_file
from registry.evidence.examination import examine

NOT_VERIFIED = 1
app = typer.Typer(help="Make evidence packs, and check them without network.", no_args_is_help=True)


@app.command("export", epilog="Example: countermark evidence export 0123456789abcdef0123456789abcdef --out pack.zip")
def export(
    case: Annotated[str, typer.Argument(help="Id of a decided case.")],
    out: Annotated[Path, typer.Option("--out", help="New file for the pack; for its owner alone.")],
    device: Annotated[
        str | None, typer.Option("--device", help="The accused; else the one device that the verdict names.")
    ] = None,
    negative: Annotated[
        list[str] | None,
        typer.Option("--negative", help="A decided case of the release whose suspect is no copy of the accused's."),
    ] = None,
    positive: Annotated[
        list[str] | None, typer.Option("--positive", help="A decided case of the release whose suspect is one.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Record of the exchanges, from `ask`; a service adds its own.")
    ] = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that a judge or an accused needs to check a verdict about one device.

    The pack discloses the carriers of one release and the codeword of one copy: hand it on with care.
    """
    files.check_free(out)
    chosen: dict[str, Any] = {"device": device, "negative": negative or (), "positive": positive or ()}
    recorded = None if record is None else files.read(record)
    with desk_of(data, server) as desk:
        if isinstance(desk, Workspace):
            pack = desk.evidence(case, record=recorded, **chosen)
        elif record is not None:
            raise typer.BadParameter("--record goes with --data; a service adds the record of what it asked itself")
        else:
            pack = desk.evidence(case, **chosen)
    files.write(out, pack, mode=files.PRIVATE)
    fields = {"case": case, "file": str(out), "bytes": len(pack), "digest": canonical.digest(pack)}
    show_fields(fields, as_json=as_json)


@app.command("verify", epilog="Example: countermark evidence verify pack.zip --trust trust.policy")
def verify(
    pack: Annotated[Path, typer.Argument(help="The evidence pack.")],
    trust: Annotated[Path, typer.Option("--trust", help="Trust policy: logs, witnesses, quorum (C2SP tlog-policy).")],
    codeword_key: Annotated[
        Path | None, typer.Option("--codeword-key", help="The accused device's codeword key, in hexadecimal.")
    ] = None,
    tsa_roots: Annotated[
        Path | None, typer.Option("--tsa-roots", help="Certificates (PEM) of time-stamping authorities.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a pack step by step, without network and without a registry. Exit code 0: verified; 1: not; 2: usage."""
    try:
        file = read_case_file(pack, trust, codeword_key, tsa_roots)
    except OSError as error:
        raise files.FileProblem(f"cannot read {error.filename}: {error.strerror}; check the path") from error
    found = examine(file)
    if as_json:
        show_json(found.to_dict())
    else:
        typer.echo(describe(found))
    if not found.verified:
        raise typer.Exit(NOT_VERIFIED)
