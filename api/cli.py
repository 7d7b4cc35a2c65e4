"""The command `countermark`: mounts of the command modules, and one place where errors become one line.

Exit codes: 0 done (or: a device is named, or proven), 3 unknown source or not the enrolled device, 2 usage, 1 an error.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from api import errors
from api.artefacts import ArtefactError
from api.bundles import BundleError
from api.client import ServiceError, ServiceUnreachable
from api.commands import (
    ask,
    case,
    ci,
    copy,
    device,
    distil,
    evidence,
    hold,
    job,
    key,
    keys,
    log,
    operate,
    release,
    timestamp,
    verify,
    witness,
)  # fmt: skip
from api.commands.desks import SettingsError
from api.commands.device import DeviceKeyMismatch
from api.commands.files import FileProblem
from api.commands.prove import ChallengeMismatch
from api.jobs.errors import JobsUnusable
from api.model_cards import ForeignSummary
from api.oidc.errors import OidcUnusable
from api.tracing import TracingUnusable
from distill.errors import DistillError

EXPECTED = (
    *errors.ROOTS, ArtefactError, BundleError, ChallengeMismatch, DeviceKeyMismatch, DistillError, FileProblem,
    ForeignSummary, JobsUnusable, OidcUnusable, ServiceError, ServiceUnreachable, SettingsError, TracingUnusable,
)  # fmt: skip
ERROR = 1


class Reporting(TyperGroup):
    """A group of commands whose expected errors become one line on standard error and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            typer.echo("error: " + " ".join(str(error).split()), err=True)
            raise typer.Exit(ERROR) from error


app = typer.Typer(
    cls=Reporting,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Fingerprint a model before release, remember who got which copy, and tell whose copy a suspect came from.",
    epilog="COUNTERMARK_DATA, COUNTERMARK_TENANT, COUNTERMARK_SERVER and COUNTERMARK_TOKEN set the defaults.",
)
app.command("init", epilog="Example: countermark init --data ./countermark-data")(operate.init)
app.add_typer(operate.tenants, name="tenant")
app.add_typer(operate.databases, name="database")
app.add_typer(device.app, name="device")
app.add_typer(release.app, name="release")
app.add_typer(copy.app, name="copy")
app.command(
    "probes", epilog="Example: countermark probes --release digits-1 --out probes.npz --suspect 'model at example.com'"
)(verify.probes)
app.command("verify", epilog="Example: countermark verify --release digits-1 --outputs outputs.npz --kind logits")(
    verify.verify
)
app.add_typer(case.app, name="case")
app.add_typer(evidence.app, name="evidence")
app.command(
    "ask",
    epilog="Example: countermark ask --case ID --oip https://models.example --model m --record r.jsonl --out o.npz",
)(ask.ask)
app.command(
    "ci",
    epilog="Example: countermark ci digits-1 --pack p.st --kit k.st --base b.st --device edge-7 --out copies",
)(ci.ci)
app.command("distil", epilog="Example: countermark distil digits-1.toml --register --json")(distil.distil)
app.add_typer(log.app, name="log")
app.add_typer(witness.app, name="witness")
app.add_typer(timestamp.app, name="timestamp")
app.add_typer(key.app, name="key")
app.add_typer(keys.app, name="keys")
app.add_typer(hold.app, name="hold")
app.add_typer(hold.retention, name="retention")
app.add_typer(job.app, name="job")
app.command("worker", epilog="Example: countermark worker, with COUNTERMARK_ASK_ENDPOINTS=true")(job.worker)
app.command("serve", epilog="Example: countermark serve --host 127.0.0.1 --port 8000")(operate.serve)


def _forward(module: str, ctx: typer.Context) -> None:
    """Run the Typer app of a module that is imported only now: it loads torch or draws pictures."""
    code = import_module(module).app(args=ctx.args, prog_name=ctx.command_path, standalone_mode=False)
    raise typer.Exit(code if isinstance(code, int) else 0)


_LATER: dict[str, Any] = {
    "add_help_option": False,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}


@app.command("demo", **_LATER)
def demo(ctx: typer.Context) -> None:
    """Run the whole story on real handwritten digits: enrol, fingerprint, leak, verify, audit."""
    _forward("api.commands.demo", ctx)


@app.command("puf", **_LATER)
def puf(ctx: typer.Context) -> None:
    """Measure PUFs: reliability, uniqueness, entropy, key failure, from read-outs or simulated chips."""
    _forward("api.commands.puf", ctx)


def main() -> None:
    """Entry point of the command `countermark`."""
    app()


if __name__ == "__main__":
    main()
