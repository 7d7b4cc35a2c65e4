"""What is particular to a log's key in a security module."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.errors import KeysUnavailable, NotPublished, UnknownKey
from registry.signing.base import SigningKey
from registry.signing.places import open_signing_key
from registry.store import init_store, open_registry

KEK = bytes(range(32))


@pytest.fixture
def held(new_log: Callable[[str], Any]) -> Any:
    """A registry whose log's key is in a token."""
    return new_log("pkcs11")


@dataclass
class Failing:
    """A place that is out of reach, or signs wrongly, when it is told to."""

    key: SigningKey
    fails: bool = False
    forges: bool = False

    @property
    def public_key(self) -> bytes:
        """As the place has it."""
        return self.key.public_key

    @property
    def place(self) -> str:
        """As the place has it."""
        return self.key.place

    def sign(self, message: bytes) -> bytes:
        """As the place does, or not."""
        if self.fails:
            raise KeysUnavailable("the token was taken out")
        return self.key.sign(message + b"x" if self.forges else message)


def test_the_key_cannot_be_read_out(held: Any) -> None:
    """The token says that it is sensitive and not extractable, and refuses to show it."""
    pkcs11 = pytest.importorskip("pkcs11")
    private = held.key()._private
    assert private[pkcs11.Attribute.SENSITIVE]
    assert not private[pkcs11.Attribute.EXTRACTABLE]
    with pytest.raises(pkcs11.exceptions.PKCS11Error):
        private[pkcs11.Attribute.VALUE]


def test_creating_again_makes_no_second_key(held: Any) -> None:
    """An `init` that goes on after a crash finds the key that it made."""
    assert held.key(create=True).public_key == held.key().public_key


def test_another_key_is_not_the_logs(held: Any, tmp_path: Path) -> None:
    """No key, another log's key, and a place that was left out: each is said, and nothing is signed."""
    other = held.place.replace("object=log", "object=other")
    with pytest.raises(UnknownKey, match="countermark init"):
        open_signing_key(other, data_dir=tmp_path, entropy=os.urandom)
    stranger = open_signing_key(other, data_dir=tmp_path, entropy=os.urandom, create=True)
    with (
        pytest.raises(UnknownKey, match="not that of the log"),
        open_registry(held.directory, kek=KEK, log_key=stranger),
    ):
        pass
    with pytest.raises(UnknownKey, match="kept elsewhere"), open_registry(held.directory, kek=KEK):
        pass
    init_store(tmp_path / "own", kek=KEK)
    with (
        pytest.raises(UnknownKey, match="not that of the log"),
        open_registry(tmp_path / "own", kek=KEK, log_key=stranger),
    ):
        pass


def test_a_token_that_is_not_there_is_one_clear_error(held: Any, tmp_path: Path) -> None:
    """A module that is not there; a token that is not there."""
    for wrong in (
        held.place.replace("module-path=", "module-path=/nowhere"),
        held.place.replace("token=tests", "token=none"),
    ):
        with pytest.raises(KeysUnavailable, match="check module, token and PIN"):
            open_signing_key(wrong, data_dir=tmp_path, entropy=os.urandom)


@pytest.mark.parametrize("fault", ["fails", "forges"])
def test_a_place_that_fails_loses_nothing(held: Any, fault: str) -> None:
    """Out of reach, or making signatures that do not verify: the unit is kept, unsigned, and signed by the next one."""
    key = Failing(held.key())
    with open_registry(held.directory, kek=KEK, log_key=key) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
        setattr(key, fault, True)

        def enrol(name: str) -> None:
            with store.unit() as registry:
                registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))

        with pytest.raises(NotPublished, match="committed"):
            enrol("one")
        with pytest.raises(KeysUnavailable):
            enrol("two")
        assert store.health().checkpoint_size == 0
        setattr(key, fault, False)
        enrol("three")
        report = store.audit()
        assert (report.size, report.published) == (2, 2)
