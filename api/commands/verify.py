"""`countermark verify` and `countermark probes`: whose copy is the suspect?"""

from pathlib import Path
from typing import Annotated

import typer

from api.commands import files, suspects
from api.commands.desks import Data, Server, address_of, desk_of
from api.commands.durable import decided, worker_settings, working
from api.commands.durable_work import ENDPOINT_BATCH, Terms, work_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.commands.verifying import About, Verifying
from api.evidence import Verdict
from api.probes import Form, write
from api.suspects.asking import Plan
from api.suspects.errors import AnswersUnknownFormat
from api.suspects.given import Given
from api.suspects.opening import Means
from fingerprint.observation import Kind

UNKNOWN_SOURCE = 3
"""Exit code of `verify` when nobody is named."""

Release = Annotated[str | None, typer.Option("--release", help="Open a new case about this release.")]
Case = Annotated[str | None, typer.Option("--case", help="An open case, instead of a new one.")]
Suspect = Annotated[str | None, typer.Option("--suspect", help="What the suspect is, for the record.")]
UNNAMED = "unnamed suspect"
_SHOWN = 10


def probes(
    out: Annotated[Path, typer.Option("--out", help="New file for the probes, .npz or .safetensors.")],
    release: Release = None,
    case: Case = None,
    suspect: Suspect = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Open a case and write its probes: the inputs to put to the suspect, in order, as the array `probes`."""
    _either(release, case)
    files.check_free(out)
    form = Form.SAFETENSORS if out.suffix == ".safetensors" else Form.NPZ
    with desk_of(data, server) as desk:
        found = desk.case(case) if case else desk.open_case(release or "", suspect=suspect or UNNAMED)
        inputs = desk.probes(found.id)
    files.write(out, write(inputs, form))
    show_fields({"case": found.id, "release": found.release, "probes": len(inputs), "file": str(out)}, as_json=as_json)


def verify(  # noqa: PLR0913 - each kind of suspect has its own options
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SUSPECT",
            help="A file of answers, a model's file, a JSON file that describes an endpoint, or an address.",
            show_default=False,
        ),
    ] = None,
    *,
    outputs: Annotated[Path | None, typer.Option("--outputs", help="Instead: a file of the suspect's answers.")] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="What the answers are; told by the numbers when left out.")
    ] = None,
    release: Release = None,
    case: Case = None,
    suspect: Suspect = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Record of all exchanges; else CASE.record.jsonl here.")
    ] = None,
    upload: Annotated[
        bool, typer.Option("--upload", help="Let the service run or ask it at once, if its operator allows that.")
    ] = False,
    durable: Annotated[
        bool, typer.Option("--durable", help="Have a durable job ask or run it, which outlives this command.")
    ] = False,
    priority: Annotated[
        int, typer.Option("--priority", min=-100, max=100, help="With --durable: a higher number goes first.")
    ] = 0,
    architecture: suspects.ArchitectureFile = None,
    input_name: suspects.InputName = "input",
    output_name: suspects.OutputName = None,
    model_seconds: suspects.ModelSeconds = 120,
    model_memory: suspects.ModelMemory = 4096,
    token_file: suspects.TokenFile = None,
    allow_network: suspects.AllowNetwork = None,
    batch: suspects.BatchOrNone = None,
    per_second: suspects.PerSecond = suspects.PACE,
    budget: suspects.Budget = None,
    timeout: suspects.Timeout = 60.0,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say whose copy the suspect is. Exit code 0: a device is named; 3: unknown source; 1: an error."""
    _either(release, case)
    if (source is None) == (outputs is None):
        raise typer.BadParameter("give SUSPECT, or --outputs")
    about = About(release=release, case=case, suspect=suspect or _named(source), data=data, server=server)
    calling = suspects.Calling(
        token_file=token_file, allow_network=allow_network, per_second=per_second, timeout=timeout
    )
    means = suspects.means(
        calling,
        architecture=architecture,
        input_name=input_name,
        output=output_name,
        seconds=model_seconds,
        memory=model_memory,
    )
    if durable:
        if outputs or upload or record or per_second != suspects.PACE:
            raise typer.BadParameter("--durable is for endpoints and models; it goes without --outputs, --upload,"
                                     " --record and --per-second")  # fmt: skip
        terms = Terms(kind=kind, batch=batch, budget=budget, priority=priority)
        verdict, job = _durable(about, str(source), means, calling, architecture=architecture, terms=terms)
        show_verdict(verdict, as_json=as_json, job=job)
        return
    with suspects.opened(str(source or outputs), means) as found, desk_of(data, server) as desk:
        if outputs is not None and not isinstance(found, Given):
            raise AnswersUnknownFormat(f"{outputs} is no file of answers; give it as SUSPECT, without --outputs")
        verifying = Verifying(
            desk=desk,
            case=about.opened(desk),
            kind=kind,
            record=record,
            plan=Plan(batch=batch or ENDPOINT_BATCH, budget=budget),
            architecture=architecture.stem if architecture else None,
            endpoint=suspects.described(source, means) if upload and source else None,
            token=calling.token(),
        )
        verdict = verifying.uploaded(found) if upload else verifying.asked(found)
    show_verdict(verdict, as_json=as_json)


def show_verdict(verdict: Verdict, *, as_json: bool, job: str | None = None) -> None:
    """Print the verdict, and the job that came to it, and leave with exit code 3 when nobody is named."""
    if as_json:
        show_json(verdict if job is None else {**verdict.model_dump(mode="json"), "job": job})
    else:
        _show(verdict)
    if verdict.unknown_source:
        raise typer.Exit(UNKNOWN_SOURCE)


def _durable(
    about: About, source: str, means: Means, calling: suspects.Calling, *, architecture: Path | None, terms: Terms
) -> tuple[Verdict, str]:
    """Open a job, follow it to its verdict, and say which it was; without a service its steps are done here."""
    if calling.allow_network and address_of(about.data, about.server) is not None:
        raise typer.BadParameter("--allow-network is for the data directory; a service's operator says what it calls")
    work = work_of(source, means, token=calling.token(), architecture=architecture, terms=terms)
    settings = worker_settings(
        about.data,
        calling.allow_network,
        calling.timeout,
        model_seconds=means.limits.cpu,
        model_memory=means.limits.memory >> 20,
    )
    with desk_of(about.data, about.server) as desk:
        case = about.opened(desk)
        job = work.opened(desk, case, settings).id
        typer.echo(f"Job {job} is opened, about case {case}.", err=True)
        with working(desk, job, settings):
            return decided(desk, job), job


def _named(source: str | None) -> str:
    return str(source or UNNAMED)[-128:].strip()


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
