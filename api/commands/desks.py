"""Where a command acts: the data directory of this machine, or a service."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from api.client import Client
from api.keys import keys_of, log_key_of
from api.settings import Settings
from api.workspace import Workspace
from registry.store import Store, open_registry

Desk = Workspace | Client
"""Both have the same methods; mypy holds every command to both."""

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory; else COUNTERMARK_DATA, else ./countermark-data.", show_default=False),
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        help="Act on a service at this address, with the API key in COUNTERMARK_TOKEN; else COUNTERMARK_SERVER.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most to list.")]
After = Annotated[str | None, typer.Option("--after", help="`next` of the previous page.")]


class SettingsError(Exception):
    """A setting that is missing or has no sense."""


def settings_of(data: Path | None = None, **given: Any) -> Settings:
    """The settings: what the command line gives, then the environment, then the defaults.

    Raises:
        SettingsError: a variable of the environment has no sense.
    """
    chosen = {**given, "data": data}
    try:
        return Settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = "COUNTERMARK_" + "_".join(map(str, first["loc"])).upper()
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from error


@contextmanager
def store_of(settings: Settings, *, signing: bool = True) -> Iterator[Store]:
    """The registry in the data directory; without `signing` the log's secret keys are left alone."""
    keys, log_key = keys_of(settings), log_key_of(settings) if signing else None
    with open_registry(settings.data, keys=keys, log_key=log_key, database_url=settings.url, signing=signing) as store:
        yield store


def address_of(data: Path | None, server: str | None) -> str | None:
    """Address of the service that a command acts on, None for the data directory, which wins when `--data` is given."""
    return server or (settings_of(data).server if data is None else None)


@contextmanager
def desk_of(data: Path | None, server: str | None) -> Iterator[Desk]:
    """The desk that a command acts at; the data directory wins when `--data` is given.

    Raises:
        SettingsError: a service without a token.
    """
    settings, address = settings_of(data, server=server), address_of(data, server)
    if address is not None:
        if settings.token is None:
            raise SettingsError(f"COUNTERMARK_TOKEN is not set; put the API key for {address} there")
        with Client(address, token=settings.token.get_secret_value()) as client:
            yield client
        return
    with store_of(settings) as store:
        with store.reading() as registry:
            tenant = registry.tenant(settings.tenant)
        yield Workspace(store=store, tenant=tenant.id, max_array_bytes=settings.max_array_bytes)
