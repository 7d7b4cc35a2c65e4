"""`countermark device`: enrol devices by their PUF, rebuild their keys, list and revoke them."""

import hmac
import os
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from api.commands import files
from api.commands.desks import After, Data, Limit, Server, desk_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.suspects import npy
from fingerprint.codeword import codeword_key
from fingerprint.puf import PROFILE, HelperData, Silicon, enroll, key_identity, reproduce

app = typer.Typer(help="Enrol devices by their PUF, rebuild their keys, list and revoke them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the device.")]
SiliconFile = Annotated[
    Path | None, typer.Option("--silicon", help="A simulated chip's file; enrolment makes it (mode 0600) if absent.")
]
Readouts = Annotated[
    Path | None, typer.Option("--readouts", help="Measured read-outs: .npy of 0 and 1, shape (reads, cells).")
]
_ENROLMENT_READS = 16
_REPRODUCTION_READS = 1
_MAX_READOUT_BYTES = 1 << 28


class DeviceKeyMismatch(Exception):
    """A key that came back exactly and is not the one that the registry knows."""


@app.command("enroll", epilog="Example: countermark device enroll edge-7 --silicon edge-7.chip")
def enroll_device(
    name: Name,
    silicon: SiliconFile = None,
    readouts: Readouts = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Enrol a device: its response becomes a key and helper data; only the helper data leaves this command."""
    made = enroll(_reads(silicon, readouts, _ENROLMENT_READS, new=True), profile=PROFILE, entropy=os.urandom)
    with desk_of(data, server) as desk:
        device = desk.enroll_device(
            name,
            helper_data=made.helper.to_bytes(),
            identity=made.identity,
            codeword_key=codeword_key(made.key),
        )
    show_fields(device, as_json=as_json)


@app.command("reproduce", epilog="Example: countermark device reproduce edge-7 --silicon edge-7.chip")
def reproduce_device(
    name: Name,
    silicon: SiliconFile = None,
    readouts: Readouts = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild the device's key from a fresh read-out and the stored helper data, and confirm it; it is not shown."""
    reads = _reads(silicon, readouts, _REPRODUCTION_READS, new=False)
    with desk_of(data, server) as desk:
        device = desk.device(name)
        helper = HelperData.from_bytes(desk.helper_data(name))
    identity = key_identity(reproduce(reads, helper))
    if not hmac.compare_digest(identity, device.identity):
        raise DeviceKeyMismatch(f"the key of {name!r} came back, and is not the enrolled one; enrol the device again")
    show_fields({"device": device.name, "identity": identity, "confirmed": True}, as_json=as_json)


@app.command("list", epilog="Example: countermark device list --json")
def list_devices(
    data: Data = None,
    server: Server = None,
    limit: Limit = 100,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List the devices, revoked ones included."""
    with desk_of(data, server) as desk:
        found = desk.devices(after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(d.name, d.enrolled_at, d.revoked_at, d.entry_index, d.identity) for d in found.items]
    show_table(("device", "enrolled", "revoked", "log entry", "identity"), rows, more=found.next)


@app.command("show", epilog="Example: countermark device show edge-7")
def show_device(name: Name, data: Data = None, server: Server = None, as_json: AsJson = False) -> None:
    """Look at one device."""
    with desk_of(data, server) as desk:
        device = desk.device(name)
    show_fields(device, as_json=as_json)


@app.command("revoke", epilog="Example: countermark device revoke edge-7")
def revoke_device(name: Name, data: Data = None, server: Server = None, as_json: AsJson = False) -> None:
    """Issue no further copies for the device; copies that it has are still traced to it."""
    with desk_of(data, server) as desk:
        device = desk.revoke_device(name)
    show_fields(device, as_json=as_json)


@app.command("forget", epilog="Example: countermark device forget edge-7 --yes")
def forget_device(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Destroy the device's key, name and helper data for good; its copies cannot be traced to it any more."""
    if not yes:
        typer.confirm(f"Forget {name!r} for good? No backup of the keys brings it back", abort=True, err=True)
    with desk_of(data, server) as desk:
        device = desk.forget_device(name)
    show_fields(device, as_json=as_json)


def _reads(silicon: Path | None, readouts: Path | None, reads: int, *, new: bool) -> NDArray[np.uint8]:
    """Read-outs, (reads, cells), of exactly one of the two sources."""
    if (silicon is None) == (readouts is None):
        raise typer.BadParameter("give either --silicon or --readouts")
    if readouts is not None:
        array: NDArray[np.uint8] = npy.read(files.read(readouts), limit=_MAX_READOUT_BYTES)
        return array
    assert silicon is not None
    if new and not silicon.exists():
        files.write(silicon, Silicon.manufacture(os.urandom, cells=PROFILE.cells).to_bytes(), mode=files.PRIVATE)
    noise = np.random.default_rng(int.from_bytes(os.urandom(16)))  # what a chip's noise is: never the same twice
    return Silicon.from_bytes(files.read(silicon)).read(noise, reads=reads)
