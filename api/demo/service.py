"""The real service for the length of a demonstration: uvicorn on a free loopback port, SQLite in a folder."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from api.app import create_app
from api.settings import Settings
from registry.records import Scope
from registry.store import init_store, open_registry

_START_SECONDS = 20.0


def create_registry(data_dir: Path) -> str:
    """A new registry with one tenant; the token of a key that may release, investigate and audit."""
    init_store(data_dir)
    with open_registry(data_dir) as store, store.unit() as registry:
        tenant = registry.create_tenant("demo")
        scopes = {Scope.RELEASE, Scope.INVESTIGATE, Scope.AUDIT, Scope.DISCLOSE}
        return registry.create_api_key(tenant.id, "demo", scopes).token


@contextmanager
def serving(data_dir: Path) -> Iterator[str]:
    """The address of a running service over this registry; it is stopped on the way out.

    Raises:
        RuntimeError: the service did not start in time.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(Settings(data=data_dir)), log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="countermark-demo-service")
    thread.start()
    try:
        _wait(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError(f"the service did not start within {_START_SECONDS:.0f} seconds; see its log above")
        time.sleep(0.02)
