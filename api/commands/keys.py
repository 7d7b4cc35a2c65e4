"""`countermark keys`: key-encryption keys, under which every secret in the database is sealed."""

import os
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from api.commands.desks import Data, settings_of, store_of
from api.commands.output import AsJson, show_fields
from api.keys import OWN, keys_of
from registry.keys.places import open_keys
from registry.store import drop_old_keys

app = typer.Typer(
    help="Rotate the keys that the database is sealed under; COUNTERMARK_KEYS says where they are kept.",
    no_args_is_help=True,
)


@app.command("status", epilog="Example: countermark keys status --json")
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Show where the keys are, the current one, and how many rows are sealed under each."""
    with store_of(settings_of(data)) as store:
        found = store.key_status()
    fields = {"place": found.place, "current": found.current, "settled": found.settled}
    rows = dict(sorted(found.rows.items()))
    show_fields({**fields, "rows": rows if as_json else [f"{key}: {n}" for key, n in rows.items()]}, as_json=as_json)


@app.command("rotate", epilog="Example: countermark keys rotate && countermark keys rewrap")
def rotate(data: Data = None, as_json: AsJson = False) -> None:
    """Make a new current key; new rows go under it at once, old ones with `keys rewrap`. Running services go on."""
    settings = settings_of(data)
    keys = keys_of(settings) or open_keys(OWN, data_dir=settings.data, entropy=os.urandom)
    before = keys.current
    show_fields({"place": keys.place, "current": keys.rotate(), "previous": before}, as_json=as_json)


@app.command("rewrap", epilog="Example: countermark keys rewrap --drop-old")
def rewrap(
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Then destroy older keys in the key file: old backups open no more.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Move every row to the current key, without touching what is sealed. Interrupted, run it again: it goes on."""
    settings = settings_of(data)
    if drop_old and (settings.kek_bytes is not None or settings.keys != OWN):
        raise typer.BadParameter("keys kept elsewhere are destroyed there", param_hint="--drop-old")
    console = Console(stderr=True)
    with store_of(settings) as store, Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("rows", total=None)
        moved = store.rewrap(lambda done, total: bar.update(task, completed=done, total=total))
        current = store.key_status().current
    url = None if settings.database_url is None else settings.database_url.get_secret_value()
    dropped = drop_old_keys(settings.data, database_url=url) if drop_old else 0
    show_fields({"current": current, "rewrapped": moved, "dropped": dropped}, as_json=as_json)
