"""`countermark timestamp`: RFC 3161 time stamps of checkpoints: somebody else's word for when an entry was there."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands import files
from api.commands.desks import After, Data, Limit, Server, desk_of, settings_of, store_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.evidence import TimeStamp
from api.fields import to_text
from registry.log.timestamp import Authorities, stamped_text, verify
from registry.store import Store

app = typer.Typer(help="Have checkpoints stamped by a time-stamping authority, verify stamps.", no_args_is_help=True)
TsaRoots = Annotated[
    Path | None, typer.Option("--tsa-roots", help="Certificates (PEM) that the authority's chain must end at.")
]
TsaCertificate = Annotated[
    Path | None, typer.Option("--tsa-certificate", help="The one certificate (PEM) that may sign; needs --tsa-roots.")
]


@app.command("add", epilog="Example: countermark timestamp add https://tsa.example/tsr --tsa-roots roots.pem")
def add(
    url: Annotated[str, typer.Argument(help="Address of the authority.")],
    tsa_roots: TsaRoots = None,
    tsa_certificate: TsaCertificate = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Have the newest checkpoint stamped: dates every entry in the log. Local only."""
    authorities = authorities_of(tsa_roots, tsa_certificate)
    with store_of(settings_of(data)) as store:
        show_fields(stamp(store, url, authorities), as_json=as_json)


@app.command("list", epilog="Example: countermark timestamp list 12 --tsa-roots roots.pem --json")
def list_stamps(
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    tsa_roots: TsaRoots = None,
    tsa_certificate: TsaCertificate = None,
    data: Data = None,
    server: Server = None,
    limit: Limit = 100,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List the stamps that date an entry; with the authority's certificates each is verified, without network."""
    authorities = authorities_of(tsa_roots, tsa_certificate)
    with desk_of(data, server) as desk:
        found = desk.timestamps(index, after=after, limit=limit)
    rows = [_row(each, authorities) for each in found.items]
    if as_json:
        show_json({"index": index, "items": rows, "next": found.next})
        return
    table = [(row["stamped_at"], row["size"], row["verified"]) for row in rows]
    show_table(("stamped", "entries under it", "verified"), table, more=found.next)


@app.command("save", epilog="Example: countermark timestamp save 12 --out stamp.tsr --text checkpoint.txt")
def save(
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    out: Annotated[Path, typer.Option("--out", help="New file for the earliest stamp, as the authority sent it.")],
    text: Annotated[Path, typer.Option("--text", help="New file for what it is over: the checkpoint's text.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Write the earliest stamp of an entry for `openssl ts -verify -in OUT -data TEXT -CAfile roots.pem`."""
    files.check_free(out)
    files.check_free(text)
    with desk_of(data, server) as desk:
        found = desk.timestamps(index, limit=1).items
    if not found:
        raise files.FileProblem(f"no checkpoint that holds entry {index} was stamped; run: countermark timestamp add")
    files.write(out, found[0].token)
    files.write(text, stamped_text(found[0].checkpoint.note))
    show_fields({"index": index, "stamped_at": str(found[0].stamped_at), "file": str(out)}, as_json=as_json)


def authorities_of(roots: Path | None, certificate: Path | None) -> Authorities | None:
    """Whose stamps are taken, from files; None without `--tsa-roots`."""
    if roots is None:
        if certificate is not None:
            raise typer.BadParameter("needs --tsa-roots as well", param_hint="--tsa-certificate")
        return None
    return Authorities.from_pem(files.read(roots), None if certificate is None else files.read(certificate))


def stamp(store: Store, url: str, authorities: Authorities | None) -> dict[str, Any]:
    """Stamp the newest checkpoint; what to show of it."""
    made = store.stamp(url, authorities)
    return {
        "size": made.checkpoint.size,
        "stamped_at": made.stamped_at.isoformat(),
        "verified": authorities is not None,
        "token": to_text(made.token),
    }


def _row(each: TimeStamp, authorities: Authorities | None) -> dict[str, Any]:
    """One stamp; verified means that it raised nothing."""
    if authorities is not None:
        verify(each.token, each.checkpoint.note, authorities)
    return {
        "size": each.checkpoint.size,
        "stamped_at": each.stamped_at.isoformat(),
        "verified": authorities is not None,
        "token": to_text(each.token),
    }
