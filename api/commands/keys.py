"""`countermark keys`: key-encryption keys, under which every secret is sealed, the log's signing keys among them."""

import os
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from api.commands.desks import Data, settings_of, store_of
from api.commands.output import AsJson, show_fields
from api.keys import keys_of
from registry.keys.places import open_keys
from registry.keys.written import OWN
from registry.store import drop_old_keys, seal_log_key

app = typer.Typer(
    help="Rotate the keys that the database is sealed under; COUNTERMARK_KEYS says where they are kept.",
    no_args_is_help=True,
)


@app.command("status", epilog="Example: countermark keys status --json")
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Show where the keys are, the current one, how many rows are sealed under each, and where the log's own key is."""
    settings = settings_of(data)
    with store_of(settings, signing=False) as store:
        found = store.key_status()
    rows = dict(sorted(found.rows.items()))
    fields = {
        "place": found.place,
        "current": found.current,
        "settled": found.settled,
        "rows": rows if as_json else [f"{key}: {n}" for key, n in rows.items()],
        "log_key": found.log_key if settings.log_key == OWN else settings.log_key.partition("?")[0],
        "log_key_sealed_under": found.log_under or (None if as_json else "nothing; run: countermark keys seal-log-key"),
    }
    show_fields(fields, as_json=as_json)


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
    """Move every row and `log.key` to the current key, without touching what is sealed. Interrupted, run it again."""
    settings = settings_of(data)
    if drop_old and (settings.kek_bytes is not None or settings.keys != OWN):
        raise typer.BadParameter("keys kept elsewhere are destroyed there", param_hint="--drop-old")
    console = Console(stderr=True)
    with store_of(settings, signing=False) as store, Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("rows", total=None)
        moved = store.rewrap(lambda done, total: bar.update(task, completed=done, total=total))
        current = store.key_status().current
    dropped = drop_old_keys(settings.data, database_url=settings.url) if drop_old else 0
    show_fields({"current": current, "rewrapped": moved, "dropped": dropped}, as_json=as_json)


@app.command("seal-log-key", epilog="Example: countermark keys seal-log-key")
def seal_log(data: Data = None, as_json: AsJson = False) -> None:
    """Seal a `log.key` that an older version left in the clear; same keys, in one step. Services that run go on."""
    settings = settings_of(data)
    sealed = seal_log_key(settings.data, keys=keys_of(settings))
    with store_of(settings, signing=False) as store:
        found = store.key_status()
    show_fields({"sealed": sealed, "log_key": found.log_key, "under": found.log_under}, as_json=as_json)
