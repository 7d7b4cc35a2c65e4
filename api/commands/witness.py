"""`countermark witness`: watch other registries' logs, and cosign what extends what was seen."""

import time
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from api.commands import files
from api.commands.output import AsJson, show_fields
from api.witness import create_witness_app
from registry.log.policy import Policy
from registry.witness.directory import init_witness, open_witness, witness_keys

app = typer.Typer(help="Watch other registries' logs, and cosign what extends what was seen.", no_args_is_help=True)
Directory = Annotated[Path, typer.Option("--dir", help="Directory of the witness: its keys and what it remembers.")]
HERE = Path("countermark-witness")


def _seconds() -> int:
    return int(time.time())


@app.command("init", epilog="Example: countermark witness init auditor.example/w1 --dir ./witness")
def init(
    name: Annotated[str, typer.Argument(help="Name of the witness, by custom an address without its scheme.")],
    directory: Directory = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a witness with two fresh keys (mode 0600), and print the public ones for the logs' policy files."""
    init_witness(directory, name)
    _show(directory, as_json=as_json)


@app.command("key", epilog="Example: countermark witness key --dir ./witness")
def key(directory: Directory = HERE, as_json: AsJson = False) -> None:
    """Print the witness's public keys, for the logs' policy files."""
    _show(directory, as_json=as_json)


@app.command("serve", epilog="Example: countermark witness serve --dir ./witness --logs logs.policy --port 8001")
def serve(
    logs: Annotated[Path, typer.Option("--logs", help="Policy file; its `log` lines are the logs to watch.")],
    directory: Directory = HERE,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8001,
) -> None:
    """Answer `POST /add-checkpoint` until told to stop. Put a TLS proxy in front of any address but loopback."""
    witness = open_witness(directory, Policy.parse(files.read(logs)), _seconds)
    uvicorn.run(
        create_witness_app(witness),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=30,
    )


def _show(directory: Path, *, as_json: bool) -> None:
    ed25519, *others = witness_keys(directory, int)
    found = {each.kind: each.verifier.vkey() for each in (ed25519, *others)}
    names = {0x04: "ed25519", 0x06: "ml_dsa_44"}
    fields = {names[kind]: vkey for kind, vkey in found.items()}
    show_fields({"name": ed25519.name, "directory": str(directory), **fields}, as_json=as_json)
