"""`countermark verify` and `countermark probes`: whose copy is the suspect?"""

from pathlib import Path
from typing import Annotated

import typer

from api.commands import files
from api.commands.desks import Data, Server, desk_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.evidence import Verdict
from api.probes import Form, write
from fingerprint.observation import Kind

UNKNOWN_SOURCE = 3
"""Exit code of `verify` when nobody is named."""

Release = Annotated[str | None, typer.Option("--release", help="Open a new case about this release.")]
Case = Annotated[str | None, typer.Option("--case", help="An open case, instead of a new one.")]
Suspect = Annotated[str, typer.Option("--suspect", help="What the suspect is, for the record.")]
_SHOWN = 10


def probes(
    out: Annotated[Path, typer.Option("--out", help="New file for the probes, .npz or .safetensors.")],
    release: Release = None,
    case: Case = None,
    suspect: Suspect = "unnamed suspect",
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Open a case and write its probes: the inputs to put to the suspect, in order, as the array `probes`."""
    _either(release, case)
    files.check_free(out)
    form = Form.SAFETENSORS if out.suffix == ".safetensors" else Form.NPZ
    with desk_of(data, server) as desk:
        found = desk.case(case) if case else desk.open_case(release or "", suspect=suspect)
        inputs = desk.probes(found.id)
    files.write(out, write(inputs, form))
    show_fields({"case": found.id, "release": found.release, "probes": len(inputs), "file": str(out)}, as_json=as_json)


def verify(
    outputs: Annotated[Path, typer.Option("--outputs", help="The suspect's answers: npz, npy or safetensors.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What the answers are.")],
    release: Release = None,
    case: Case = None,
    suspect: Suspect = "unnamed suspect",
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say whose copy the suspect is. Exit code 0: a device is named; 3: unknown source; 1: an error."""
    _either(release, case)
    answers = files.read(outputs)
    with desk_of(data, server) as desk:
        found = case or desk.open_case(release or "", suspect=suspect).id
        verdict = desk.send_outputs(found, answers, kind=kind)
    show_verdict(verdict, as_json=as_json)


def show_verdict(verdict: Verdict, *, as_json: bool) -> None:
    """Print the verdict, and leave with exit code 3 when nobody is named."""
    if as_json:
        show_json(verdict)
    else:
        _show(verdict)
    if verdict.unknown_source:
        raise typer.Exit(UNKNOWN_SOURCE)


def _either(release: str | None, case: str | None) -> None:
    if (release is None) == (case is None):
        raise typer.BadParameter("give either --release or --case")


def _show(verdict: Verdict) -> None:
    rows = [
        (row.device, row.score, row.p_value, row.family_wise_p, "named" if row.named else "")
        for row in verdict.ranked[:_SHOWN]
    ]
    named = ", ".join(verdict.named) or "unknown source"
    show_table(("device", "t", "p", "family-wise p", ""), rows, title=f"{verdict.suspect}: {named}")
    typer.echo(
        f"A device is named from t = {verdict.threshold:.2f} on: at most {verdict.alpha:g} for naming any innocent "
        f"among {verdict.devices} devices ({verdict.probes} {verdict.kind}, {verdict.bits} bits)."
    )
    typer.echo(f"Case {verdict.case_id}, log entry {verdict.log.entry_index} of {verdict.log.proof.size}.")
    for sentence in verdict.does_not_prove:
        typer.echo(f"- {sentence}")
