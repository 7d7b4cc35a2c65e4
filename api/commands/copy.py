"""`countermark copy`: mint or register the copy of a release for a device, and list who got which."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from api import bundles
from api.artefacts import ArtefactError, last_layer
from api.commands import files, kits
from api.commands.desks import After, Data, Desk, Limit, Server, desk_of, settings_of
from api.commands.minting import Minter
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.commands.registering import register
from api.commands.signing import SigningKey, load_key, path_of
from api.schemas import Copy
from fingerprint.canonical import digest

app = typer.Typer(help="Mint or register copies, and list who got which.", no_args_is_help=True)

UNKNOWN = 3
Release = Annotated[str | None, typer.Option("--release", help="Name of the release.")]
Device = Annotated[str | None, typer.Option("--device", help="Name of the device.")]


@app.command(
    "reserve", epilog="Example: countermark copy reserve --release digits-1 --device edge-7 --codeword-out c.npy"
)
def reserve(
    release: Annotated[str, typer.Option("--release", help="Name of the release.")],
    device: Annotated[str, typer.Option("--device", help="Name of the device.")],
    codeword_out: Annotated[Path, typer.Option("--codeword-out", help="New .npy file (mode 0600) for the codeword.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Draw the codeword of a copy that is distilled elsewhere; then `copy issue --copy ID --artefact FILE`."""
    files.check_free(codeword_out)
    with desk_of(data, server) as desk:
        reserved = desk.reserve_copy(release, device)
    buffer = io.BytesIO()
    np.save(buffer, reserved.signs())
    files.write(codeword_out, buffer.getvalue(), mode=files.PRIVATE)
    fields = {name: getattr(reserved, name) for name in ("copy_id", "release", "device", "bits", "entry_index")}
    show_fields({**fields, "codeword_file": str(codeword_out)}, as_json=as_json)


@app.command(
    "issue",
    epilog="Example: countermark copy issue --release digits-1 --device edge-7 --base base.safetensors --out e7.st",
)
def issue(  # noqa: PLR0913, PLR0917 - the options of one command
    release: Release = None,
    device: Device = None,
    base: Annotated[Path | None, typer.Option("--base", help="Mint: the base's state dict, safetensors.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="New file for the copy; with --artefact, the same with its provenance."),
    ] = None,
    head: Annotated[
        str | None, typer.Option("--head", help="Mint: the base's last layer, if shapes do not tell.")
    ] = None,
    kit: Annotated[Path | None, typer.Option("--kit", help="Mint: signing kit, if none is kept here.")] = None,
    copy: Annotated[str | None, typer.Option("--copy", help="Register: id printed by `copy reserve`.")] = None,
    artefact: Annotated[Path | None, typer.Option("--artefact", help="Register: the finished copy.")] = None,
    method: Annotated[str, typer.Option("--method", help="Register: how it was made.")] = "distilled",
    sign_key: SigningKey = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Issue a copy: mint it from the base (--base, --out), or register one that was made elsewhere (--artefact)."""
    minting, registering, key = (release, device, base), (copy, artefact), load_key(sign_key)
    with desk_of(data, server) as desk:
        if release and device and base and out and registering == (None, None):
            signer = kits.load(settings_of(data).data, release, kit)
            state = files.read(base)
            last = head or last_layer(state, signer)
            minter = Minter(desk=desk, kit=signer, release=release, base=state, head=last, key=key)
            files.check_free(out)
            minter.check()
            issued = minter.mint(device, out)
        elif copy and artefact and minting == (None, None, None):
            issued = register(desk, copy, artefact, out=out, method=method, key=key)
        else:
            raise typer.BadParameter("give --release --device --base --out to mint, or --copy --artefact to register")
    show_fields(issued, as_json=as_json)


@app.command("list", epilog="Example: countermark copy list --release digits-1 --json")
def list_copies(
    release: Annotated[str | None, typer.Option("--release", help="Only copies of this release.")] = None,
    data: Data = None,
    server: Server = None,
    limit: Limit = 100,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List who got which copy."""
    with desk_of(data, server) as desk:
        found = desk.copies(release, after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(c.id, c.release, c.device, c.method, c.issued_at, c.entry_index, c.artefact_digest) for c in found.items]
    show_table(("copy", "release", "device", "method", "issued", "log entry", "artefact"), rows, more=found.next)


@app.command("show", epilog="Example: countermark copy show 0123456789abcdef0123456789abcdef")
def show(
    copy: Annotated[str, typer.Argument(help="Id of the copy.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Look at one copy."""
    with desk_of(data, server) as desk:
        found = desk.copy(copy)
    show_fields(found, as_json=as_json)


@app.command("find", epilog="Example: countermark copy find leaked.safetensors")
def find(
    artefact: Annotated[Path, typer.Argument(help="A file, for example a leaked one.")],
    data: Data = None,
    server: Server = None,
    limit: Limit = 100,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """Find the copies that were issued as exactly this file. None found says nothing: verify the model instead."""
    wanted = digest(files.read(artefact))
    with desk_of(data, server) as desk:
        found = desk.copies_of_artefact(wanted, after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(c.id, c.release, c.device, c.issued_at) for c in found.items]
    show_table(("copy", "release", "device", "issued"), rows, more=found.next)


@app.command("sign", epilog="Example: countermark copy sign edge-7.safetensors --key sign.key")
def sign(
    file: Annotated[Path, typer.Argument(help="The file of an issued copy.")],
    key: Annotated[Path, typer.Option("--key", help="Elliptic private key (PEM, mode 0600).")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Sign the file of an issued copy, into FILE.sig: an OpenSSF Model Signing bundle, which other tools read."""
    signer, content = load_key(key), files.read(file)
    assert signer is not None
    files.check_free(path_of(file))
    with desk_of(data, server) as desk:
        found = desk.copies_of_artefact(digest(content), limit=1).items
    if not found:
        raise ArtefactError(f"no copy was issued as {file}; issue it first, and sign what leaves")
    files.write(path_of(file), bundles.sign(file.name, content, signer))
    show_fields({"copy": found[0].id, "file": str(file), "signature": str(path_of(file))}, as_json=as_json)


@app.command("verify", epilog="Example: countermark copy verify edge-7.safetensors --key sign.pub")
def verify(
    file: Annotated[Path, typer.Argument(help="A file.")],
    key: Annotated[Path, typer.Option("--key", help="Public key (PEM) that it should be signed by.")],
    signature: Annotated[Path | None, typer.Option("--signature", help="Its bundle; FILE.sig if left out.")] = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Check a file's signature, then say which copy it is. Exit code 3: signed, and no copy of this registry."""
    content = files.read(file)
    bundles.verify(files.read(signature or path_of(file)), content, bundles.public_key(files.read(key)))
    with desk_of(data, server) as desk:
        found = list(_issued_as(desk, digest(content)))
    fields = {"file": str(file), "digest": digest(content), "signed": True}
    show_fields({**fields, "copies": [c.id for c in found], "devices": [c.device for c in found]}, as_json=as_json)
    if not found:
        raise typer.Exit(UNKNOWN)


def _issued_as(desk: Desk, wanted: str) -> Iterator[Copy]:
    """Every copy that was issued as the file of that digest, page by page."""
    found = desk.copies_of_artefact(wanted)
    yield from found.items
    while found.next is not None:
        found = desk.copies_of_artefact(wanted, after=found.next)
        yield from found.items
