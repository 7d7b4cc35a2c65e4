"""`countermark release`: commit releases, list them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from api.commands import files, kits
from api.commands.desks import After, Data, Limit, Server, desk_of, settings_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.commands.timestamp import TsaRoots, authorities_of
from api.model_cards import with_measured
from api.workspace import Workspace
from fingerprint.canonical import digest
from fingerprint.errors import WrongRelease
from fingerprint.kit import SigningKit
from fingerprint.pack import VerifierPack
from registry.code import code_digest

app = typer.Typer(help="Commit releases and list them.", no_args_is_help=True)


@app.command(
    "create",
    epilog="Example: countermark release create digits-1 --pack verifier.safetensors --kit signing.safetensors",
)
def create(
    name: Annotated[str, typer.Argument(help="Name of the release.")],
    pack: Annotated[Path, typer.Option("--pack", help="Verifier pack of the release.")],
    kit: Annotated[Path | None, typer.Option("--kit", help="Signing kit, kept here (mode 0600) to mint with.")] = None,
    reference: Annotated[
        list[Path] | None, typer.Option("--reference", help="File of an unsigned model behind the pack's references.")
    ] = None,
    first_look: Annotated[
        int | None,
        typer.Option("--first-look", min=2, help="Commit to looks after so many probes, then at doubled numbers."),
    ] = None,
    stamp: Annotated[
        str | None,
        typer.Option("--timestamp", help="Have the commitment stamped by the authority (RFC 3161) there; local only."),
    ] = None,
    tsa_roots: TsaRoots = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Commit a verifier pack in the log. The signing kit stays on this machine; no service ever sees it."""
    pack_bytes = files.read(pack)
    kit_bytes = None if kit is None else files.read(kit)
    if kit_bytes is not None:
        _check_pair(pack_bytes, kit_bytes)
        kits.check_free(settings_of(data).data, name)
    models = [digest(files.read(path)) for path in reference or ()]
    authorities = authorities_of(tsa_roots, None)
    with desk_of(data, server) as desk:
        if stamp is not None and not isinstance(desk, Workspace):
            raise typer.BadParameter("the registry's operator has it stamped", param_hint="--timestamp")
        release = desk.commit_release(name, pack=pack_bytes, reference_models=models, first_look=first_look)
        if kit_bytes is not None:
            kits.keep(settings_of(data).data, name, kit_bytes)
        if stamp is not None and isinstance(desk, Workspace):
            desk.store.stamp(stamp, authorities)
    show_fields(release, as_json=as_json)


@app.command("list", epilog="Example: countermark release list --json")
def list_releases(
    data: Data = None,
    server: Server = None,
    limit: Limit = 100,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List the releases."""
    with desk_of(data, server) as desk:
        found = desk.releases(after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(r.name, r.committed_at, r.alpha, r.bits, r.entry_index, r.release_id) for r in found.items]
    show_table(("release", "committed", "alpha", "bits", "log entry", "release id"), rows, more=found.next)


@app.command("show", epilog="Example: countermark release show digits-1")
def show(
    name: Annotated[str, typer.Argument(help="Name of the release.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Look at one release."""
    with desk_of(data, server) as desk:
        release = desk.release(name)
    show_fields(release, as_json=as_json)


@app.command("commitment", epilog="Example: countermark release commitment digits-1 > commitment.json")
def commitment(
    name: Annotated[str, typer.Argument(help="Name of the release.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Print what the release is committed to: the exact bytes whose SHA-256 the log's entry holds."""
    with desk_of(data, server) as desk:
        content = desk.commitment(name)
    if as_json:
        committed = json.loads(content)
        same = committed.get("code") == code_digest()
        show_json({"release": name, "digest": digest(content), "code_unchanged": same, "commitment": committed})
    else:
        typer.echo(content, nl=False)


@app.command("bom", epilog="Example: countermark release bom digits-1 --out digits-1.cdx.json")
def bom(
    name: Annotated[str, typer.Argument(help="Name of the release.")],
    out: Annotated[Path, typer.Option("--out", help="New file for the bill of materials.")],
    copy: Annotated[str | None, typer.Option("--copy", help="Only this copy (its id), to go with its file.")] = None,
    measured: Annotated[
        Path | None,
        typer.Option("--measured", help="What `countermark distil --json` printed, for the model cards."),
    ] = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Write a release's bill of materials (CycloneDX 1.6): issued copies by digest, with model cards and no devices."""
    files.check_free(out)
    summary = None if measured is None else files.read(measured)
    with desk_of(data, server) as desk:
        content = desk.bom(name, copy=copy)
    if summary is not None:
        content = with_measured(content, summary)
    files.write(out, content)
    show_fields({"release": name, "file": str(out), "digest": digest(content)}, as_json=as_json)


@app.command("pack", epilog="Example: countermark release pack digits-1 --out verifier.safetensors")
def pack(
    name: Annotated[str, typer.Argument(help="Name of the release.")],
    out: Annotated[Path, typer.Option("--out", help="New file (mode 0600) for the verifier pack.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Write the committed verifier pack, its digest checked; it holds the release key, keep it private."""
    files.check_free(out)
    with desk_of(data, server) as desk:
        content = desk.pack(name)
    files.write(out, content, mode=files.PRIVATE)
    show_fields({"release": name, "file": str(out), "digest": digest(content)}, as_json=as_json)


def _check_pair(pack: bytes, kit: bytes) -> None:
    expected, found = VerifierPack.from_bytes(pack).release_id, SigningKit.from_bytes(kit).release
    if expected != found:
        raise WrongRelease(f"the kit signs for {found}, the pack is {expected}; give the two files of one release")
