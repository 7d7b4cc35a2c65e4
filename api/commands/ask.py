"""`countermark ask`: put the probes of a case to a suspect behind an address, from this machine."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands import files, suspects
from api.commands.desks import Data, Server, desk_of
from api.commands.output import AsJson, show_fields
from api.suspects import endpoint_file
from api.suspects.asking import Plan
from api.suspects.detect import kind_of
from api.suspects.endpoint import Endpoint
from api.suspects.oip import OipModel
from api.suspects.outputs import write_outputs
from api.suspects.remote import Remote


def ask(  # noqa: PLR0913 - each adapter has its own options
    *,
    case: Annotated[str, typer.Option("--case", help="An open case, from `countermark case open`.")],
    out: Annotated[Path, typer.Option("--out", help="New .npz file for the answers.")],
    record: Annotated[Path, typer.Option("--record", help="Record of all exchanges; a later run goes on from it.")],
    oip: Annotated[str | None, typer.Option("--oip", help="Open Inference Protocol v2: the server.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="With --oip: the model.")] = None,
    model_version: Annotated[str | None, typer.Option("--model-version", help="With --oip: its version.")] = None,
    input_name: suspects.InputName = "input",
    output_name: suspects.OutputName = None,
    template: Annotated[
        Path | None, typer.Option("--template", help="JSON file that describes the endpoint: template, oip or openai.")
    ] = None,
    token_file: suspects.TokenFile = None,
    allow_network: suspects.AllowNetwork = None,
    batch: suspects.Batch = 64,
    per_second: suspects.PerSecond = suspects.PACE,
    budget: suspects.Budget = None,
    timeout: suspects.Timeout = 60.0,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Ask a suspect behind an address all probes of a case; `verify --case` weighs the answers."""
    calling = suspects.Calling(
        token_file=token_file, allow_network=allow_network, per_second=per_second, timeout=timeout
    )
    if (oip is None) == (template is None) or (oip is not None and model is None):
        raise typer.BadParameter("give --oip and --model, or --template")
    endpoint: Endpoint
    if template is not None:
        endpoint = endpoint_file.read(files.read(template), headers=calling.headers())
    else:
        endpoint = OipModel(
            base=str(oip),
            model=str(model),
            version=model_version,
            input_name=input_name,
            output_name=output_name,
            headers=calling.headers(),
        )
    files.check_free(out)
    suspect = Remote(endpoint=endpoint, outbound=calling.outbound())
    with desk_of(data, server) as desk:
        inputs = desk.probes(case)
    try:
        answers = suspects.answers_of(suspect, inputs, record=record, plan=Plan(batch=batch, budget=budget))
    finally:
        suspect.close()
    files.write(out, write_outputs(answers))
    fields = {"case": case, "answers": list(answers.shape), "looks_like": str(kind_of(answers)), "file": str(out)}
    show_fields({**fields, "record": str(record)}, as_json=as_json)
