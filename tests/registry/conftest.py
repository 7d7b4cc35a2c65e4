"""A small release, a registry in a temporary directory, a clock that is set by hand."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint import canonical, seeds
from fingerprint.observation import Kind
from fingerprint.pack import VerifierPack
from fingerprint.pool import Term
from registry.records import Device, RecordedVerdict, Release, Reservation
from registry.store import Store, init_store, open_registry
from registry.verification import verify_case

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
    full = (Kind.LOGITS, Kind.LOGPROBS)
    pool = {
        kind: (Term(estimator="residual" if kind in full else "score", reference="clean", weight=1.0),) for kind in Kind
    }
    return VerifierPack(
        release_key=rng.bytes(32),
        probes=rng.normal(size=(probes, 5)).astype(np.float32),
        features=rng.normal(size=(probes, components)).astype(np.float32),
        references={"clean": reference.astype(np.float32)},
        pool=pool,
    )


def clean_answers(pack: VerifierPack) -> NDArray[np.float64]:
    """Logits of a suspect that has nothing to do with the release beyond answering alike."""
    noise = seeds.stream("tests/registry", "suspect").normal(size=(pack.count, pack.classes))
    return np.asarray(pack.references["clean"] + 0.1 * noise, dtype=np.float64)


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
class Templates:
    """Data directories that are copied for each test, which is faster than filling them anew."""

    empty: Path
    filled: Path
    decided: Path
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
        )


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, pack: VerifierPack) -> Templates:
    """An empty registry; one with three devices, a release and three copies, one issued; the same, a case decided."""
    root, clock = tmp_path_factory.mktemp("templates"), Clock()
    empty, filled, decided = root / "empty", root / "filled", root / "decided"
    init_store(empty, kek=KEK, origin="example.com/log", clock=clock)
    shutil.copytree(empty, filled)
    with open_registry(filled, kek=KEK, clock=clock) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
        devices = tuple(enrol_device(store, tenant, f"pump {number}") for number in range(3))
        with store.unit() as registry:
            release = registry.commit_release(tenant, "v1", pack=pack.to_bytes())
        with store.unit() as registry:
            reservations = tuple(registry.reserve_copy(tenant, "v1", device.name) for device in devices)
            registry.issue_copy(tenant, reservations[0].copy_id, artefact_digest="sha256:" + "a" * 64, method="minted")
    shutil.copytree(filled, decided)
    with open_registry(decided, kek=KEK, clock=clock) as store:
        with store.unit() as registry:
            case = registry.open_case(tenant, "v1", suspect="model on shop.example")
        with store.unit() as registry:
            verdict = verify_case(registry, tenant, case.id, kind="logits", answers=clean_answers(pack))
    return Templates(empty, filled, decided, Contents(tenant, devices, release, reservations, verdict))


@pytest.fixture
def data_dir(tmp_path: Path, templates: Templates, request: pytest.FixtureRequest) -> Path:
    """An initialised data directory, as full as the test's other fixtures say; its key-encryption key is `kek`."""
    wanted = set(request.fixturenames)
    source = templates.decided if "decided" in wanted else templates.filled if "filled" in wanted else templates.empty
    return Path(shutil.copytree(source, tmp_path / "data"))


@pytest.fixture
def kek() -> bytes:
    """The key-encryption key of `data_dir`."""
    return KEK


@pytest.fixture
def opening(data_dir: Path, clock: Clock) -> Callable[[], AbstractContextManager[Store]]:
    """Opens the registry in `data_dir`."""
    return lambda: open_registry(data_dir, kek=KEK, clock=clock)


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
