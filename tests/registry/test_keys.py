"""Key-encryption keys: rotated, rewrapped, dropped; and a stolen file that yields nothing to old keys."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fingerprint.pack import VerifierPack
from registry.errors import KeyInUse, StoreMissing, UnknownKey
from registry.keys.file import FileKeys
from registry.keys.local import key_id, read_keys
from registry.records import Scope
from registry.rewrapping import ROWS
from registry.store import drop_old_keys, init_store, open_registry


@pytest.fixture
def kept(tmp_path: Path, pack: VerifierPack) -> tuple[Path, str, str]:
    """A store with its own key file, two devices and a release; its tenant and a token."""
    directory = tmp_path / "kept"
    init_store(directory)
    with open_registry(directory) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
            token = registry.create_api_key(tenant, "k", {Scope.AUDIT}).token
            for number in range(2):
                registry.enroll_device(
                    tenant, f"d{number}", helper_data=b"h", identity="ab" * 32, codeword_key=bytes([number]) * 32
                )
            registry.commit_release(tenant, "v1", pack=pack.to_bytes())
        with store.unit() as registry:
            registry.reserve_copy(tenant, "v1", "d0")
    return directory, tenant, token


def raw(directory: Path, *, sealed: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Sealed values, or wrapped data keys, as they are in the file."""
    column = {"device": "codeword_key", "release": "pack_file", "pepper": "secret"}
    with closing(sqlite3.connect(directory / "registry.db")) as connection:
        return {
            table: connection.execute(f"SELECT id, {name if sealed else 'data_key'} FROM {table}").fetchall()
            for table, name in column.items()
        }


def test_rotation_and_rewrapping(kept: tuple[Path, str, str]) -> None:
    """New rows go under the new key at once, old ones after rewrapping, without sealed data being touched."""
    directory, tenant, token = kept
    (old,) = read_keys(directory / "kek.key")
    new = FileKeys(directory / "kek.key", os.urandom).rotate()
    assert read_keys(directory / "kek.key")[1] == old
    before = raw(directory, sealed=True)
    with open_registry(directory) as store:
        assert dict(store.key_status().rows) == {key_id(old): 4}
        assert store.key_status().current == new
        assert not store.key_status().settled
        with pytest.raises(KeyInUse, match=key_id(old)):
            drop_old_keys(directory)
        assert store.rewrap() == 4
        assert store.rewrap() == 0
        assert store.key_status().settled
        with store.reading() as registry:
            assert registry.authenticate(token).tenant == tenant
        assert store.audit().opened == 2 + 1 + 1
    assert raw(directory, sealed=True) == before


def test_dropped_keys_open_nothing(kept: tuple[Path, str, str]) -> None:
    """After rewrapping, the old key can be destroyed: what it opens is nothing that is still there."""
    directory, _, _ = kept
    (old,) = read_keys(directory / "kek.key")
    FileKeys(directory / "kek.key", os.urandom).rotate()
    with open_registry(directory) as store:
        store.rewrap()
    assert drop_old_keys(directory) == 1
    assert drop_old_keys(directory) == 0
    assert old not in read_keys(directory / "kek.key")
    with open_registry(directory) as store:
        store.audit()
    with open_registry(directory, kek=old, signing=False) as store, pytest.raises(UnknownKey):
        store.audit()


def test_a_key_kept_elsewhere_is_rotated_by_giving_two(data_dir: Path, kek: bytes, filled: Any) -> None:
    """With keys given as bytes, the new one goes first and the old one after it, until everything is rewrapped."""
    new = bytes([7]) * 32
    with open_registry(data_dir, kek=new + kek) as store:
        assert store.rewrap() == 3 + 1 + 1
    with open_registry(data_dir, kek=new) as store:
        store.audit()
    with pytest.raises(StoreMissing):
        FileKeys(data_dir / "kek.key", os.urandom)


def test_rewrapping_goes_in_batches(store: Any, tenant: str, enrol: Callable[..., Any]) -> None:
    """Batches are small enough to let other writers in between."""
    assert 0 < ROWS <= 1000
    enrol(tenant, "pump")
    assert store.rewrap() == 0
