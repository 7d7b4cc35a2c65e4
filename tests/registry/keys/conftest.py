"""One key place of each kind: a file, a KMS in memory (moto), a security module in software (SoftHSM2), age."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from registry.keys.base import KeyProvider
from registry.keys.local import LocalKeys
from registry.keys.places import open_keys
from registry.keys.remembering import Remembering
from tests.softhsm import SOFTHSM

pyrage = pytest.importorskip("pyrage", reason="the extra `escrow` is not installed")
moto = pytest.importorskip("moto", reason="moto is not installed")
REMEMBERED = "remembered"
_numbers = count()


@dataclass(frozen=True)
class World:
    """A place, opened again whenever one likes."""

    place: str
    directory: Path
    escrow: Any = None

    def open(self, *, create: bool = True) -> KeyProvider:
        """The keys in it."""
        return open_keys(self.place, data_dir=self.directory, entropy=os.urandom, create=create)


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS KMS in memory."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with moto.mock_aws():
        yield


def _file(directory: Path, request: pytest.FixtureRequest) -> World:
    return World("file", directory)


def _kms(directory: Path, request: pytest.FixtureRequest) -> World:
    request.getfixturevalue("kms")
    return World("kms:alias/countermark?region=eu-central-1", directory)


def _pkcs11(directory: Path, request: pytest.FixtureRequest) -> World:
    home = request.getfixturevalue("softhsm")
    query = f"module-path={SOFTHSM}&pin-source=file:{home / 'pin'}"
    return World(f"pkcs11:token=tests;object=kek{next(_numbers)}?{query}", directory)


def _age(directory: Path, request: pytest.FixtureRequest) -> World:
    holder = pyrage.x25519.Identity.generate()
    return World(f"age:{directory}/identities.txt?escrow={holder.to_public()}", directory, escrow=holder)


class Remembered(World):
    """A file whose data keys are remembered."""

    def open(self, *, create: bool = True) -> KeyProvider:
        """The keys, and their memory."""
        return Remembering(super().open(create=create), seconds=60, clock=time.monotonic)


def _remembered(directory: Path, request: pytest.FixtureRequest) -> World:
    return Remembered("file", directory)


WORLDS: dict[str, Callable[[Path, pytest.FixtureRequest], World]] = {
    "file": _file,
    "kms": _kms,
    "pkcs11": _pkcs11,
    "age": _age,
    REMEMBERED: _remembered,
}


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A place of each kind."""
    return WORLDS[request.param](tmp_path, request)


@pytest.fixture
def kinds() -> set[str]:
    """The kinds of place that the suite runs over."""
    return set(WORLDS) - {REMEMBERED}


@pytest.fixture
def a_world(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], World]:
    """A place of one kind."""
    return lambda kind: WORLDS[kind](tmp_path, request)


@pytest.fixture
def keys(world: World) -> KeyProvider:
    """Its keys."""
    return world.open()


@pytest.fixture
def given() -> LocalKeys:
    """Keys given as bytes."""
    return LocalKeys([bytes(32)], os.urandom)
