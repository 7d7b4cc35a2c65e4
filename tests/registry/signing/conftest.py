"""One registry for each kind of place that a log's key can be kept in."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from registry.signing.base import SigningKey
from registry.signing.places import open_signing_key
from registry.store import Store, init_store, open_registry
from tests.softhsm import SOFTHSM

KEK = bytes(range(32))
_numbers = count()


@dataclass(frozen=True)
class Logged:
    """A registry and the place of its log's key."""

    directory: Path
    place: str

    def key(self, *, create: bool = False) -> SigningKey | None:
        """The key, opened again."""
        return open_signing_key(self.place, data_dir=self.directory, entropy=os.urandom, create=create)

    def open(self, **given: Any) -> AbstractContextManager[Store]:
        """The store, with its key opened again."""
        return open_registry(self.directory, kek=KEK, log_key=self.key(), **given)


def _file(request: pytest.FixtureRequest) -> str:
    return "file"


def _pkcs11(request: pytest.FixtureRequest) -> str:
    home = request.getfixturevalue("softhsm")
    return f"pkcs11:token=tests;object=log{next(_numbers)}?module-path={SOFTHSM}&pin-source=file:{home / 'pin'}"


WORLDS: dict[str, Callable[[pytest.FixtureRequest], str]] = {"file": _file, "pkcs11": _pkcs11}


@pytest.fixture
def kinds() -> set[str]:
    """The kinds of place that the suite runs over."""
    return set(WORLDS)


@pytest.fixture
def new_log(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Logged]:
    """Makes an empty registry whose log's key is in a place of a kind."""

    def made(kind: str) -> Logged:
        logged = Logged(tmp_path / "data", WORLDS[kind](request))
        init_store(logged.directory, kek=KEK, log_key=logged.key(create=True), origin="example.com/log")
        return logged

    return made


@pytest.fixture(params=sorted(WORLDS))
def logged(request: pytest.FixtureRequest, new_log: Callable[[str], Logged]) -> Logged:
    """A registry of each kind."""
    return new_log(request.param)
