"""`countermark device`: enrol devices by their PUF, have them prove who they are, list and revoke them."""

import hmac
import os
from typing import Annotated

import typer

from api.commands import prove
from api.commands import readouts as sources
from api.commands.desks import After, Data, Limit, Server, desk_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.commands.readouts import Readouts, SiliconFile
from fingerprint.codeword import codeword_key
from fingerprint.possession import public_key
from fingerprint.puf import PROFILE, HelperData, enroll, key_identity, reenroll, reproduce

app = typer.Typer(
    help="Enrol devices by their PUF, have them prove who they are, list and revoke them.", no_args_is_help=True
)
app.command("prove", epilog="Example: countermark device prove edge-7 --silicon edge-7.chip")(prove.prove)
app.command("challenge", epilog="Example: countermark device challenge 0123456789abcdef0123456789abcdef")(
    prove.challenge
)

Name = Annotated[str, typer.Argument(help="Name of the device.")]


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
    """Enrol a device: its response becomes a key and helper data; response, key and private key stay here."""
    reads = sources.read(silicon, readouts, sources.ENROLMENT_READS, new=True)
    made = enroll(reads, profile=PROFILE, entropy=os.urandom)
    with desk_of(data, server) as desk:
        device = desk.enroll_device(
            name,
            helper_data=made.helper.to_bytes(),
            identity=made.identity,
            codeword_key=codeword_key(made.key),
            possession_key=public_key(made.key),
        )
    show_fields(device, as_json=as_json)


@app.command("reenroll", epilog="Example: countermark device reenroll edge-7 --silicon edge-7.chip")
def reenroll_device(
    name: Name,
    silicon: SiliconFile = None,
    readouts: Readouts = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Enrol a device again: it finds its present key, and gets a new one from the same cells; copies stay traced."""
    reads = sources.read(silicon, readouts, sources.ENROLMENT_READS)
    with desk_of(data, server) as desk:
        device = desk.device(name)
        helper = HelperData.from_bytes(desk.helper_data(name))
        _confirm(name, reproduce(reads, helper, generation=device.generation), device.identity)
        made = reenroll(reads, helper, profile=PROFILE, entropy=os.urandom)
        again = desk.reenroll_device(
            name, helper_data=made.helper.to_bytes(), identity=made.identity, possession_key=public_key(made.key)
        )
    show_fields(again, as_json=as_json)


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
    reads = sources.read(silicon, readouts, sources.REPRODUCTION_READS)
    with desk_of(data, server) as desk:
        device = desk.device(name)
        helper = HelperData.from_bytes(desk.helper_data(name))
    identity = _confirm(name, reproduce(reads, helper, generation=device.generation), device.identity)
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


def _confirm(name: str, key: bytes, enrolled: str) -> str:
    """The key's identity, which is the enrolled one."""
    identity = key_identity(key)
    if not hmac.compare_digest(identity, enrolled):
        raise DeviceKeyMismatch(f"the key of {name!r} came back, and is not the enrolled one; enrol it by another name")
    return identity
