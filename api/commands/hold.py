"""`countermark hold` and `countermark retention`: what must be kept, and what is to be forgotten in time."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from api.asker import Asker
from api.commands.desks import After, Data, Limit, Server, desk_of, settings_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.workspace import Workspace
from registry.records import Held

app = typer.Typer(help="Place, lift and list legal holds.", no_args_is_help=True)
retention = typer.Typer(help="Forget in time what nobody needs any more.", no_args_is_help=True)


@app.command("place", epilog="Example: countermark hold place device edge-7 --reason 'Case 2026-117'")
def place(
    held: Annotated[Held, typer.Argument(help="What is held.")],
    subject: Annotated[str, typer.Argument(help="Name of the device, or id of the copy or case.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words; the log keeps a salted digest.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Keep what a device, copy or case rests on from being forgotten."""
    with desk_of(data, server) as desk:
        hold = desk.place_hold(held.value, subject, reason=reason)
    show_fields(hold, as_json=as_json)


@app.command("lift", epilog="Example: countermark hold lift 0123456789abcdef0123456789abcdef")
def lift(
    hold: Annotated[str, typer.Argument(help="Id of the hold, from `hold list`.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """End a legal hold; that it was in force stays in the log."""
    with desk_of(data, server) as desk:
        lifted = desk.lift_hold(hold)
    show_fields(lifted, as_json=as_json)


@app.command("list", epilog="Example: countermark hold list --json")
def list_holds(
    data: Data = None, server: Server = None, limit: Limit = 100, after: After = None, as_json: AsJson = False
) -> None:
    """List legal holds, lifted ones included."""
    with desk_of(data, server) as desk:
        found = desk.holds(after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(h.id, h.held, h.subject, h.reason, h.placed_at, h.lifted_at) for h in found.items]
    show_table(("hold", "held", "subject", "reason", "placed", "lifted"), rows, more=found.next)


@retention.command("apply", epilog="Example: countermark retention apply --older-than 730 --dry-run")
def apply(
    older_than: Annotated[int, typer.Option("--older-than", min=1, max=36500, help="Days since it ended.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be forgotten.")] = False,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Forget devices revoked, and destroy answers of cases decided, that long ago unless held; drop ended API keys."""
    with desk_of(data, server) as desk:
        done = desk.apply_retention(datetime.now(UTC) - timedelta(days=older_than), rehearse=dry_run)
        if not dry_run and isinstance(desk, Workspace):
            Asker(settings=settings_of(data)).forget(desk)
    if as_json:
        show_json(done)
        return
    outcomes = (("due" if dry_run else "forgotten", done.forgotten), ("kept by a legal hold", done.held))
    rows = [("device", d.name, d.revoked_at, outcome) for outcome, devices in outcomes for d in devices]
    rows += [("API key", key.name, key.revoked_at or key.expires_at, "due" if dry_run else "dropped")
             for key in done.api_keys]  # fmt: skip
    cases = (("due" if dry_run else "destroyed", done.answers), ("kept by a legal hold", done.answers_held))
    rows += [("answers", f"case {case}", None, outcome) for outcome, found in cases for case in found]
    show_table(("what", "name", "ended", "outcome"), rows)
