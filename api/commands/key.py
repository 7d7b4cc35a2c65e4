"""`countermark key`: API keys of the tenant."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from api.commands.desks import After, Data, Limit, Server, desk_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from registry.records import Scope

app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)


@app.command("create", epilog="Example: countermark key create pipeline --scope release --days 90")
def create(
    name: Annotated[str, typer.Argument(help="Who the key is for.")],
    scope: Annotated[list[Scope], typer.Option("--scope", help="What it may do; repeat for several.")],
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="Days until it expires.")] = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key. Its token is printed this once and stored nowhere."""
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with desk_of(data, server) as desk:
        made = desk.create_api_key(name, [str(item) for item in scope], expires_at=expires)
    show_fields(made, as_json=as_json)


@app.command("list", epilog="Example: countermark key list --json")
def list_keys(
    data: Data = None, server: Server = None, limit: Limit = 100, after: After = None, as_json: AsJson = False
) -> None:
    """List the API keys, without their tokens."""
    with desk_of(data, server) as desk:
        found = desk.api_keys(after=after, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [(k.id, k.name, k.scopes, k.created_at, k.expires_at, k.revoked_at) for k in found.items]
    show_table(("id", "name", "scopes", "created", "expires", "revoked"), rows, more=found.next)


@app.command("rotate", epilog="Example: countermark key rotate 4f1c9e --overlap 72")
def rotate(
    key_id: Annotated[str, typer.Argument(help="Id of the key, from `key list`.")],
    overlap: Annotated[int, typer.Option("--overlap", min=0, max=2160, help="Hours until the old key ends.")] = 24,
    name: Annotated[
        str | None, typer.Option("--name", help="The new key's name; else the old one's with the next number.")
    ] = None,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a key with the same scopes and length of life; the old one ends after the overlap. Token printed once."""
    with desk_of(data, server) as desk:
        made = desk.rotate_api_key(key_id, overlap_seconds=3600 * overlap, name=name)
    show_fields(made, as_json=as_json)


@app.command("revoke", epilog="Example: countermark key revoke 4f1c9e")
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, from `key list`.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Refuse the key from now on."""
    with desk_of(data, server) as desk:
        revoked = desk.revoke_api_key(key_id)
    show_fields(revoked, as_json=as_json)
