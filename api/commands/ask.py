"""`countermark ask`: put the probes of a case to a suspect behind an address, from this machine."""

import ipaddress
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from api.commands import files
from api.commands.desks import Data, Server, desk_of
from api.commands.output import AsJson, show_fields
from api.suspects.asking import Plan, ask_all
from api.suspects.detect import kind_of
from api.suspects.endpoint import Endpoint
from api.suspects.guard import Guard, Network
from api.suspects.oip import OipModel
from api.suspects.outbound import Bounds, Outbound
from api.suspects.outputs import write_outputs
from api.suspects.template import Template


def ask(  # noqa: PLR0913 - each adapter has its own options
    *,
    case: Annotated[str, typer.Option("--case", help="An open case, from `countermark case open`.")],
    out: Annotated[Path, typer.Option("--out", help="New .npz file for the answers.")],
    record: Annotated[Path, typer.Option("--record", help="Record of all exchanges; a later run goes on from it.")],
    oip: Annotated[str | None, typer.Option("--oip", help="Open Inference Protocol v2: the server.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="With --oip: the model.")] = None,
    model_version: Annotated[str | None, typer.Option("--model-version", help="With --oip: its version.")] = None,
    input_name: Annotated[str, typer.Option("--input", help="With --oip: the input tensor.")] = "input",
    output_name: Annotated[str | None, typer.Option("--output", help="With --oip: the output tensor.")] = None,
    template: Annotated[Path | None, typer.Option("--template", help="Any JSON endpoint: its template.")] = None,
    token_file: Annotated[Path | None, typer.Option("--token-file", help="Bearer token of the suspect.")] = None,
    allow_network: Annotated[
        list[str] | None, typer.Option("--allow-network", help="A private network that may be called, as CIDR.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Probes in one request.")] = 64,
    per_second: Annotated[float, typer.Option("--per-second", min=0.001, help="Requests a second at most.")] = 50.0,
    budget: Annotated[int | None, typer.Option("--budget", min=1, help="Probes that may be asked at most.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for one answer.")] = 60.0,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Ask a suspect behind an address all probes of a case; `verify --case` weighs the answers."""
    headers = {} if token_file is None else {"Authorization": f"Bearer {files.read(token_file).decode().strip()}"}
    if (oip is None) == (template is None) or (oip is not None and model is None):
        raise typer.BadParameter("give --oip and --model, or --template")
    endpoint: Endpoint
    if template is not None:
        endpoint = Template.from_bytes(files.read(template), headers=headers)
    else:
        endpoint = OipModel(
            base=str(oip),
            model=str(model),
            version=model_version,
            input_name=input_name,
            output_name=output_name,
            headers=headers,
        )
    files.check_free(out)
    networks = _networks(allow_network or [])
    with desk_of(data, server) as desk:
        inputs = desk.probes(case)
    outbound = Outbound(guard=Guard(allowed=networks), bounds=Bounds(seconds=timeout, interval=1 / per_second))
    try:
        parts = ask_all(endpoint, inputs, outbound, record=record, plan=Plan(batch=batch, budget=budget))
        console = Console(stderr=True)
        total = -(-len(inputs) // batch)
        shown = track(parts, total=total, description="probes", console=console, disable=not console.is_terminal)
        answers = np.concatenate(list(shown))
    finally:
        outbound.close()
    files.write(out, write_outputs(answers))
    looks = kind_of(answers)
    fields = {"case": case, "answers": list(answers.shape), "looks_like": str(looks), "file": str(out)}
    show_fields({**fields, "record": str(record)}, as_json=as_json)


def _networks(texts: list[str]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as error:
        raise typer.BadParameter(f"--allow-network: {error}; write it as 10.0.0.0/8") from error
