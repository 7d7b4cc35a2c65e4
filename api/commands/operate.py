"""`countermark init`, `tenant` and `serve`: set the registry up, run the service."""

import signal
import sys
from typing import Annotated

import typer
import uvicorn
from threadpoolctl import threadpool_limits

from api.app import create_app
from api.commands.desks import Data, settings_of, store_of
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.jobs.backends import catalogue as backends
from api.keys import keys_of, log_key_of
from registry.store import grant_access, init_store, upgrade_store

tenants = typer.Typer(help="Add organisations.", no_args_is_help=True)
databases = typer.Typer(help="Upgrade the database; say what its roles may do.", no_args_is_help=True)


def init(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Name of the first tenant.")] = None,
    origin: Annotated[
        str | None,
        typer.Option("--origin", help="Name of the log, by custom the address of its files without the scheme."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Set a registry up: the data directory with its database, its keys (mode 0600) and one tenant."""
    settings = settings_of(data, tenant=tenant)
    keys, log_key = keys_of(settings, create=True), log_key_of(settings, create=True)
    init_store(settings.data, keys=keys, log_key=log_key, database_url=settings.url, origin=origin)
    backends.prepare(settings)
    with store_of(settings) as store:
        with store.unit() as registry:
            made = registry.create_tenant(settings.tenant)
        with store.reading() as registry:
            key = registry.verifier_key()
    show_fields({"data": str(settings.data), "tenant": made.name, "log_key": key}, as_json=as_json)


@tenants.command("create", epilog="Example: countermark tenant create acme")
def create_tenant(
    name: Annotated[str, typer.Argument(help="Name of the organisation.")], data: Data = None, as_json: AsJson = False
) -> None:
    """Add an organisation; commands act for it while COUNTERMARK_TENANT is its name."""
    with store_of(settings_of(data)) as store, store.unit() as registry:
        made = registry.create_tenant(name)
    show_fields({"tenant": made.name, "id": made.id}, as_json=as_json)


@databases.command("upgrade", epilog="Example: countermark database upgrade")
def upgrade(data: Data = None, as_json: AsJson = False) -> None:
    """Bring an older database to the revision of this program, in one transaction; run it as the tables' owner.

    With COUNTERMARK_JOBS=procrastinate the queue's tables are made as well; stop the workers first.
    """
    settings = settings_of(data)
    upgrade_store(settings.data, database_url=settings.url)
    backends.prepare(settings)
    show_fields({"data": str(settings.data), "upgraded": True}, as_json=as_json)


@databases.command("grant", epilog="Example: countermark database grant countermark_service")
def grant(
    role: Annotated[str, typer.Argument(help="A role of PostgreSQL that owns no table.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give the service's role what it needs and no more, so that it can neither drop nor alter what guards the log."""
    settings = settings_of(data)
    rights = grant_access(settings.data, role, database_url=settings.url) | backends.grant(settings, role)
    if as_json:
        show_json({"role": role, "rights": rights})
        return
    show_table(("table", "rights"), rights.items(), title=role)


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    data: Data = None,
) -> None:
    """Run the HTTP service until it is told to stop (SIGTERM, Ctrl-C). Put a TLS proxy before all but loopback.

    Then no connection is accepted any more, requests under way are answered, steps of jobs end or are given back, and
    the exit code is 0.
    """
    settings = settings_of(data)
    with store_of(settings) as store:
        store.health()  # what is wrong with the data directory is said here, in one line, before the server starts
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn puts its own in their place while it serves
        signal.signal(number, _end)  # and raises what it got again when it has ended
    app = create_app(settings, stream=sys.stderr)
    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, access_log=False, server_header=False, timeout_graceful_shutdown=30)
    )
    app.state.stopping = lambda: server.should_exit
    with threadpool_limits(1):  # verifications run side by side; more threads in each of them only wait for one another
        server.run()
    if not server.started:
        raise typer.Exit(1)
