"""A small world: a linear model with ten probes' worth of signal, its pack and kit, and a registry in a directory."""

import io
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from safetensors.numpy import save as save_safetensors
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.client import Client
from api.settings import Settings
from benchmarks.linear_world import linear_release
from fingerprint import seeds
from fingerprint.codeword import codeword_key
from fingerprint.kit import SigningKit
from fingerprint.pack import VerifierPack
from fingerprint.possession import public_key
from registry.store import init_store, open_registry
from tests.authority import authority, other_authority, tsa  # noqa: F401 - fixtures

FEATURES, CLASSES, PROBES = 24, 6, 400
SCOPES = ("release", "investigate", "audit", "disclose", "admin")


@dataclass(frozen=True, kw_only=True)
class World:
    """A linear model z = W x + b whose features are its inputs, and the release made of it."""

    weight: np.ndarray
    bias: np.ndarray
    pack: VerifierPack
    kit: SigningKit

    @property
    def base(self) -> bytes:
        """The clean model as a state dict, with a tensor that minting must not touch."""
        tensors = {"fc.weight": self.weight, "fc.bias": self.bias, "other.weight": np.arange(6, dtype=np.float16)}
        return save_safetensors(tensors, metadata={"made by": "a test"})

    def clean(self, probes: np.ndarray) -> np.ndarray:
        """Logits of the clean model."""
        return probes @ self.weight.T + self.bias

    def copy(self, codeword: np.ndarray, probes: np.ndarray) -> np.ndarray:
        """Logits of the copy that carries the codeword."""
        weight, bias = self.kit.head_delta(codeword)
        return probes @ (self.weight + weight).T + self.bias + bias


def make_world(name: str = "world") -> World:
    """A world drawn from its name."""
    draw = seeds.stream("tests", "api", name)
    weight = draw.normal(size=(CLASSES, FEATURES)).astype(np.float32)
    bias = draw.normal(size=CLASSES).astype(np.float32)
    probes = draw.normal(size=(PROBES, FEATURES)).astype(np.float32)
    logits = probes @ weight.T + bias
    key = bytes(draw.bytes(32))
    pack, kit = linear_release(probes, logits, key)
    return World(weight=weight, bias=bias, pack=pack, kit=kit)


def npz(array: np.ndarray) -> bytes:
    """An npz file with the array `outputs`."""
    buffer = io.BytesIO()
    np.savez(buffer, outputs=array)
    return buffer.getvalue()


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


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running application over a registry of two tenants.

    Attributes:
        web: HTTP client of the test, anonymous.
        tokens: by tenant, by scope; `all` has every scope.
        data: the data directory.
    """

    web: TestClient
    tokens: dict[str, dict[str, str]]
    data: Path

    def auth(self, scope: str = "all", tenant: str = "acme") -> dict[str, str]:
        """Headers of a caller with the scope."""
        return {"Authorization": f"Bearer {self.tokens[tenant][scope]}"}

    def client(self, scope: str = "all", tenant: str = "acme") -> Client:
        """A typed client with the scope."""
        return Client("http://testserver", token=self.tokens[tenant][scope], http=self.web)

    def log_size(self) -> int:
        """Entries in the log: what a refused request must not change."""
        return self.client().checkpoint().size


def enroll(client: Client, name: str) -> None:
    """Enrol a device whose key is its name."""
    client.enroll_device(
        name,
        helper_data=b"helper of " + name.encode(),
        identity="0f" * 32,
        codeword_key=codeword_key(name.encode() * 32),
        possession_key=public_key(name.encode() * 32),
    )


@pytest.fixture(scope="session")
def enrolled():
    """Enrols devices by name."""
    return enroll


def make_store(data: Path) -> dict[str, dict[str, str]]:
    """A registry with two tenants; tokens by tenant and scope."""
    init_store(data)
    tokens: dict[str, dict[str, str]] = {}
    with open_registry(data) as store, store.unit() as registry:
        for tenant in ("acme", "rival"):
            made = registry.create_tenant(tenant)
            keys = {scope: registry.create_api_key(made.id, scope, {scope}) for scope in SCOPES}
            keys["all"] = registry.create_api_key(made.id, "all", set(SCOPES))
            tokens[tenant] = {scope: key.token for scope, key in keys.items()}
    return tokens


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A fresh registry, made once and copied for each test: migrating a database takes its time."""
    data = tmp_path_factory.mktemp("template") / "data"
    return data, make_store(data)


@contextmanager
def running(data: Path, template: tuple[Path, dict[str, dict[str, str]]], **changed: str) -> Iterator[Service]:
    """The application over a copy of the template, with some settings of its own."""
    shutil.copytree(template[0], data)
    settings = Settings(data=data, max_upload_bytes=1 << 20, max_body_bytes=1 << 14, max_array_bytes=1 << 20, **changed)
    with TestClient(create_app(settings)) as web:
        yield Service(web=web, tokens=template[1], data=data)


@pytest.fixture
def service(tmp_path: Path, template: tuple[Path, dict[str, dict[str, str]]]) -> Iterator[Service]:
    """The application over a fresh registry."""
    with running(tmp_path / "data", template) as started:
        yield started


@dataclass(frozen=True, kw_only=True)
class Released:
    """A service with the release `digits-1`, three devices, and a copy for each of the first two."""

    service: Service
    world: World
    codewords: dict[str, np.ndarray]
    copies: dict[str, str]


def release(service: Service, world: World) -> Released:
    """Everything up to the leak."""
    client = service.client()
    client.commit_release("digits-1", pack=world.pack.to_bytes())
    codewords, copies = {}, {}
    for name in ("edge-0", "edge-1", "edge-2"):
        enroll(client, name)
    for name in ("edge-0", "edge-1"):
        reserved = client.reserve_copy("digits-1", name)
        codewords[name], copies[name] = reserved.signs(), reserved.copy_id
        client.issue_copy(reserved.copy_id, artefact_digest="sha256:" + "0a" * 32, method="minted")
    return Released(service=service, world=world, codewords=codewords, copies=copies)


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
    server = uvicorn.Server(
        uvicorn.Config(create_app(Settings(data=released.service.data)), port=0, log_level="error", lifespan="on")
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


class Place:
    """A directory to work in; commands run there on a fresh registry, for the tenant `acme`."""

    def __init__(self, path: Path, template: tuple) -> None:
        self.path = path
        self.stderr = ""
        shutil.copytree(template[0], path / "data")

    def run(self, *args: object, code=0) -> str:
        """Run a command; its standard output."""
        environment = {"COUNTERMARK_DATA": str(self.path / "data"), "COUNTERMARK_TENANT": "acme", "COLUMNS": "250"}
        result = CliRunner().invoke(app, [str(arg) for arg in args], env=environment)
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        self.stderr = result.stderr
        return result.stdout

    def json(self, *args: object, code=0) -> dict:
        """Run a command with --json; what it printed, which must be one JSON document and nothing else."""
        return json.loads(self.run(*args, "--json", code=code))


@pytest.fixture(scope="session")
def new_place():
    """Makes a place in a directory."""
    return Place


@pytest.fixture
def place(tmp_path: Path, template: tuple) -> Place:
    """A fresh registry."""
    return Place(tmp_path, template)
