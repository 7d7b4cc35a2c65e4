"""`countermark copy`: mint or register the copy of a release for a device, and list who got which."""

import io
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from api.artefacts import check_base, mint
from api.commands import files, kits
from api.commands.desks import Data, Desk, Server, desk_of, settings_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.schemas import Copy, Reservation
from fingerprint.canonical import digest
from fingerprint.errors import WrongRelease
from fingerprint.kit import SigningKit

app = typer.Typer(help="Mint or register copies, and list who got which.", no_args_is_help=True)

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
def issue(
    release: Release = None,
    device: Device = None,
    base: Annotated[Path | None, typer.Option("--base", help="Mint: the base's state dict, safetensors.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Mint: new file for the copy.")] = None,
    head: Annotated[str, typer.Option("--head", help="Mint: name of the base's last layer.")] = "fc",
    kit: Annotated[Path | None, typer.Option("--kit", help="Mint: signing kit, if none is kept here.")] = None,
    copy: Annotated[str | None, typer.Option("--copy", help="Register: id printed by `copy reserve`.")] = None,
    artefact: Annotated[Path | None, typer.Option("--artefact", help="Register: the finished copy.")] = None,
    method: Annotated[str, typer.Option("--method", help="Register: how it was made.")] = "distilled",
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Issue a copy: mint it from the base (--base, --out), or register one that was made elsewhere (--artefact)."""
    minting, registering = (release, device, base, out), (copy, artefact)
    with desk_of(data, server) as desk:
        if release and device and base and out and registering == (None, None):
            signer = kits.load(settings_of(data).data, release, kit)
            issued = _mint(desk, signer, release, device, base, out, head)
        elif copy and artefact and minting == (None, None, None, None):
            issued = desk.issue_copy(copy, artefact_digest=digest(files.read(artefact)), method=method)
        else:
            raise typer.BadParameter("give --release --device --base --out to mint, or --copy --artefact to register")
    show_fields(issued, as_json=as_json)


@app.command("list", epilog="Example: countermark copy list --release digits-1 --json")
def list_copies(
    release: Annotated[str | None, typer.Option("--release", help="Only copies of this release.")] = None,
    data: Data = None,
    server: Server = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most copies to list.")] = 100,
    after: Annotated[str | None, typer.Option(help="`next` of the previous page.")] = None,
    as_json: AsJson = False,
) -> None:
    """List who got which copy."""
    with desk_of(data, server) as desk:
        found = desk.copies(release, after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(c.id, c.release, c.device, c.method, c.issued_at, c.entry_index, c.artefact_digest) for c in found.items]
    show_table(("copy", "release", "device", "method", "issued", "log entry", "artefact"), rows)


def _mint(desk: Desk, kit: SigningKit, release: str, device: str, base: Path, out: Path, head: str) -> Copy:
    """Everything that can be refused is refused before the copy is reserved."""
    files.check_free(out)
    state = files.read(base)
    check_base(state, kit, head=head)
    expected = desk.release(release).release_id
    if kit.release != expected:
        raise WrongRelease(f"the kit signs for {kit.release}, release {release!r} is {expected}; give its own kit")
    reserved = desk.reserve_copy(release, device)
    copy = mint(state, kit, reserved.signs(), head=head, provenance=_provenance(reserved, kit, state))
    files.write(out, copy)
    return desk.issue_copy(reserved.copy_id, artefact_digest=digest(copy), method="minted")


def _provenance(reserved: Reservation, kit: SigningKit, base: bytes) -> dict[str, str]:
    """What the copy's file says about itself; neither the device nor the codeword."""
    return {"copy": reserved.copy_id, "release": kit.release, "base": digest(base), "method": "minted"}
