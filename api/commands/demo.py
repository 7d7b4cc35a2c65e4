"""`countermark demo`: the main job on real handwritten digits, in about a minute."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.demo.report import render
from api.demo.result import Demonstration
from api.demo.run import PACK, POLICY, REGISTRY, demonstrate, is_replaceable

app = typer.Typer()


@app.command(epilog="Example: countermark demo --json demo/demo.json")
def demo(
    json_path: Annotated[
        Path | None,
        typer.Option("--json", metavar="PATH", help="Where to write the numbers; OUT/demo.json if left out."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the report, the numbers and the registry.")] = Path(
        "demo"
    ),
    *,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, only the table.")] = False,
) -> None:
    """Enrol 8 devices, fingerprint a digits model for each, catch 7 suspects through the API, audit the log.

    Writes OUT/report.html with pictures and OUT/demo.json. Exit code 1 if any suspect is named wrongly.
    """
    if not is_replaceable(out / REGISTRY):
        raise typer.BadParameter(
            f"{out / REGISTRY} holds other things than an earlier demonstration; choose another --out"
        )
    console, notes = _console(), Console(stderr=True, quiet=quiet)
    shown = demonstrate(out, lambda text: notes.print(f"[dim]·[/dim] {text}"), progress=notes.is_terminal and not quiet)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text(render(shown), encoding="utf-8")
    numbers = json_path or out / "demo.json"
    numbers.parent.mkdir(parents=True, exist_ok=True)
    numbers.write_text(json.dumps(shown.to_dict(), indent=2) + "\n", encoding="utf-8")
    console.print(_table(shown))
    cost = f"signed copies {-shown.cost_points:+.2f} points against clean students ({100 * shown.clean_accuracy:.1f} %)"
    console.print(f"{cost}; log of {shown.log_size} entries audited; {shown.seconds:.0f} s")
    console.print(f"report: {out / 'report.html'}   numbers: {numbers}")
    console.print(f"evidence: {out / PACK}, {_checked(shown)}; check it with:")
    console.print(f"  countermark evidence verify {out / PACK} --trust {out / POLICY}", soft_wrap=True)
    if not shown.right:
        notes.print("[red]a suspect was named wrongly; see the table[/red]")
        raise typer.Exit(1)


def _checked(shown: Demonstration) -> str:
    """What the offline verifier found, in a few words."""
    if shown.pack.failed is not None:
        return f"NOT verified, step {shown.pack.failed.step} failed ({shown.pack.failed.name})"
    return f"verified offline in {len(shown.pack.steps)} steps ({shown.pack.suspect}, {shown.pack.accused})"


def _console() -> Console:
    """Standard output; wide enough for the table where it is no terminal and has no width of its own."""
    console = Console()
    return console if console.is_terminal else Console(width=120)


def _table(shown: Demonstration) -> Table:
    table = Table(title=f"Whose copy is it?  ({len(shown.devices)} devices, alpha {shown.findings[0].alpha:.0e})")
    for heading in ("suspect", "really from", "named"):
        table.add_column(heading)
    for heading in ("accuracy", "t", "family-wise p"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for finding in shown.findings:
        table.add_row(
            finding.name,
            ", ".join(finding.true_devices) or "nobody",
            ", ".join(finding.named_devices) or "unknown source",
            f"{100 * finding.accuracy:.1f} %",
            f"{finding.score:.2f}",
            f"{finding.family_wise_p:.1e}",
            "[green]right[/green]" if finding.right else "[red]wrong[/red]",
        )
    return table
