"""What most tests of the service and the commands begin with: a world, a registry, a release, a place to work in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from api.settings import Settings
from tests.api.place import Place
from tests.api.released import Released, Service, enroll, make_store, release, running
from tests.api.serving import listening
from tests.api.world import World, make_world, npz
from tests.authority import authority, other_authority, tsa  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def world() -> World:
    """The world of most tests."""
    return make_world()


@pytest.fixture(scope="session")
def as_npz():
    """Writer of answers."""
    return npz


@pytest.fixture(scope="session")
def another_world() -> World:
    """A release of another model of the same shape."""
    return make_world("another")


@pytest.fixture(scope="session")
def enrolled():
    """Enrols devices by name."""
    return enroll


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A fresh registry, made once and copied for each test: migrating a database takes its time."""
    data = tmp_path_factory.mktemp("template") / "data"
    return data, make_store(data)


@pytest.fixture
def service(tmp_path: Path, template: tuple[Path, dict[str, dict[str, str]]]) -> Iterator[Service]:
    """The application over a fresh registry."""
    with running(tmp_path / "data", template) as started:
        yield started


@pytest.fixture
def released(service: Service, world: World) -> Released:
    """A release of its own for one test."""
    return release(service, world)


@pytest.fixture(scope="session")
def standing(
    tmp_path_factory: pytest.TempPathFactory, template: tuple[Path, dict[str, dict[str, str]]], world: World
) -> Iterator[Released]:
    """A release shared by all tests that open cases and change nothing else."""
    with running(
        tmp_path_factory.mktemp("standing") / "data", template, rate_calls="100000/minute", rate_tries="9999/day"
    ) as started:
        yield release(started, world)


@pytest.fixture
def served(released: Released) -> Iterator[str]:
    """The address of a real server over the release's registry."""
    with listening(create_app(Settings(data=released.service.data))) as address:
        yield address


@pytest.fixture(scope="session")
def new_place():
    """Makes a place in a directory."""
    return Place


@pytest.fixture
def place(tmp_path: Path, template: tuple) -> Place:
    """A fresh registry."""
    return Place(tmp_path, template)
