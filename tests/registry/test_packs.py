"""Packs kept in memory: opened once, and anew whenever anything about them changed."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fingerprint.pack import VerifierPack
from registry.errors import BlobTampered
from registry.packs import Packs
from registry.store import Store


def test_a_pack_is_opened_once_for_all_threads(pack: VerifierPack) -> None:
    """However many ask at the same time."""
    packs, opened, found = Packs(), list[int](), list[VerifierPack]()

    def open_it() -> VerifierPack:
        opened.append(1)
        return VerifierPack.from_bytes(pack.to_bytes())

    threads = [threading.Thread(target=lambda: found.append(packs.opened("v1", open_it))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    assert len(found) == 8
    assert all(each is found[0] for each in found)
    assert not any(array.flags.writeable for array in found[0].arrays())


def test_the_least_used_leave_and_failures_are_not_remembered(another_pack: Callable[[str], VerifierPack]) -> None:
    """Room for one: each other pack is opened again; one that could not be opened is tried again."""
    packs, opened = Packs(most_bytes=1), list[str]()

    def open_it(name: str) -> Callable[[], VerifierPack]:
        return lambda: (opened.append(name), another_pack(name))[1]

    for name in ("a", "a", "b", "a"):
        packs.opened(name, open_it(name))
    assert opened == ["a", "b", "a"]

    def broken() -> VerifierPack:
        raise BlobTampered("gone")

    with pytest.raises(BlobTampered):
        packs.opened("c", broken)
    assert packs.opened("c", open_it("c")) is not None


def test_a_file_that_changes_after_it_was_opened_is_found(
    store: Store, tenant: str, pack: VerifierPack, data_dir: Path
) -> None:
    """A kept pack does not hide it: changed, then gone."""
    with store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=pack.to_bytes())
    with store.reading() as registry:
        kept = registry.pack(tenant, "v1")
        assert registry.pack(tenant, "v1") is kept
    assert np.array_equal(kept.probes, pack.probes)
    (file,) = (data_dir / "packs").iterdir()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with store.reading() as registry, pytest.raises(BlobTampered, match="other bytes"):
        registry.pack(tenant, "v1")
    file.unlink()
    with store.reading() as registry, pytest.raises(BlobTampered, match="gone"):
        registry.pack(tenant, "v1")
