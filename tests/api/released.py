"""A running application over a registry of two tenants, and everything up to the leak: release, devices, copies."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from api.app import create_app
from api.client import Client
from api.settings import Settings
from fingerprint.codeword import codeword_key
from fingerprint.possession import public_key
from registry.store import init_store, open_registry
from tests.api.world import World

SCOPES = ("release", "investigate", "audit", "disclose", "admin")


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


@contextmanager
def running(data: Path, template: tuple[Path, dict[str, dict[str, str]]], **changed: str) -> Iterator[Service]:
    """The application over a copy of the template, with some settings of its own."""
    shutil.copytree(template[0], data)
    settings = Settings(data=data, max_upload_bytes=1 << 20, max_body_bytes=1 << 14, max_array_bytes=1 << 20, **changed)
    with TestClient(create_app(settings)) as web:
        yield Service(web=web, tokens=template[1], data=data)


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
