"""Each backend of jobs at each database that it can work with."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api.jobs.backends.catalogue import prepare
from api.settings import Settings
from benchmarks import postgres
from benchmarks.resume.world import make
from registry.store import open_registry
from tests.api.jobs.site import Site, Suspects
from tests.loopback import serving

SITES = [("rows", "sqlite"), ("rows", "postgresql"), ("procrastinate", "postgresql")]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Suspects]:
    """Suspects behind an address, which count."""
    with serving(Suspects()) as server:
        yield server


@contextmanager
def built(backend: str, database: str, data: Path, endpoint: Suspects) -> Iterator[Site]:
    """A registry with releases and suspects, made ready for a backend."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres.server(settings={"fsync": "off"})).url if database == "postgresql" else None
        suspects = make(data, url).suspects
        prepare(Settings(data=data, database_url=url, jobs=backend))
        store = stack.enter_context(open_registry(data, database_url=url))
        yield Site(backend=backend, data=data, url=url, store=store, suspects=suspects, endpoint=endpoint)


@pytest.fixture(scope="module", params=SITES, ids="-".join)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, endpoint: Suspects
) -> Iterator[Site]:
    """Each backend at each database; one registry for all tests of a module, whose jobs all come to an end."""
    with built(*request.param, tmp_path_factory.mktemp("site") / "data", endpoint) as found:
        yield found
