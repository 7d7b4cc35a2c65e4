"""The event loop serves everybody: no request has it wait for the registry."""

import asyncio
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from registry.service import Registry
from registry.store import Store
from tests.api.world import npz


class Watched:
    """A store that notes the units which are begun where an event loop runs.

    Attributes:
        threads, loops: how many units were begun in threads of their own, and how many on an event loop.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.threads = self.loops = 0

    @contextmanager
    def reading(self) -> Iterator[Registry]:
        """As of the store."""
        self._note()
        with self._store.reading() as registry:
            yield registry

    @contextmanager
    def unit(self) -> Iterator[Registry]:
        """As of the store."""
        self._note()
        with self._store.unit() as registry:
            yield registry

    def remove_job_files(self, tenant: str) -> None:
        """As of the store."""
        self._note()
        self._store.remove_job_files(tenant)

    def _note(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.threads += 1
        else:
            self.loops += 1


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("outputs?kind=logits", {"content": npz([[0.0]])}),
        ("model", {"content": b"noise"}),
        ("jobs/model", {"content": b"noise"}),
        ("endpoint", {"json": {"endpoint": {"oip": "http://127.0.0.1:9", "model": "m"}}}),
        ("jobs", {"json": {"endpoint": {"oip": "http://127.0.0.1:9", "model": "m"}}}),
        ("evidence", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_unit_is_begun_on_the_event_loop(released, path, given):
    """Whatever a case is sent: what waits for the database or for a turn to write waits in a thread."""
    networks = (ipaddress.ip_network("127.0.0.0/8"),)
    settings = Settings(
        data=released.service.data, run_models=True, ask_endpoints=True, allow_networks=networks, workers=0
    )
    case = released.service.client().open_case("digits-1", suspect="s")
    with TestClient(create_app(settings)) as web:
        store = web.app.state.store = Watched(web.app.state.store)
        headers = {**released.service.auth(), "Idempotency-Key": "one"}
        answer = web.request("POST" if given else "GET", f"/v1/cases/{case.id}/{path}", headers=headers, **given)
    assert answer.status_code != 500
    assert store.threads > 0
    assert store.loops == 0
