"""Commit before release: a nonce exists only when the commitment stands under a signed checkpoint, whoever races."""

import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fingerprint import canonical, codeword
from fingerprint.pack import VerifierPack
from registry.errors import CopyTampered, NotCommitted, UnknownRelease
from registry.log import entries
from registry.records import Release, Reservation
from registry.service import Registry
from registry.store import Store, open_registry


class Watching:
    """Randomness that remembers, for everything drawn, how many entries stood under a signed checkpoint by then."""

    def __init__(self, data_dir: Path, source: Callable[[int], bytes]) -> None:
        self._database = data_dir / "registry.db"
        self._source = source
        self.signed: dict[bytes, int] = {}

    def __call__(self, count: int) -> bytes:
        """Fresh bytes."""
        drawn = self._source(count)
        if count == codeword.NONCE_BYTES:
            with closing(sqlite3.connect(self._database)) as raw:
                (self.signed[drawn],) = raw.execute("SELECT max(size) FROM checkpoint").fetchone()
        return drawn


def commit(store: Store, tenant: str, packs: dict[str, bytes]) -> list[Release]:
    """Commit releases, each in a unit of its own."""
    made = []
    for name, pack in packs.items():
        with store.unit() as registry:
            made.append(registry.commit_release(tenant, name, pack=pack))
    return made


def reserve(store: Store, tenant: str, names: list[str]) -> list[Reservation]:
    """Reserve a copy of each release as soon as the registry lets us."""
    made: list[Reservation] = []
    while len(made) < len(names):
        try:
            with store.unit() as registry:
                made.append(registry.reserve_copy(tenant, names[len(made)], "pump"))
        except (UnknownRelease, NotCommitted):
            time.sleep(0.005)  # not yet
    return made


def test_no_nonce_before_its_commitment_is_signed(
    data_dir: Path, tenant: str, kek: bytes, enrol: Any, another_pack: Callable[[str], VerifierPack]
) -> None:
    """Two threads commit while two reserve as soon as they can: every nonce came after its commitment's checkpoint."""
    enrol(tenant, "pump")
    watching = Watching(data_dir, os.urandom)
    packs = {f"v{number}": another_pack(f"v{number}").to_bytes() for number in range(4)}
    halves = [dict(list(packs.items())[half::2]) for half in range(2)]
    with open_registry(data_dir, kek=kek, entropy=watching) as store, ThreadPoolExecutor(4) as pool:
        commits = [pool.submit(commit, store, tenant, half) for half in halves]
        reserves = [pool.submit(reserve, store, tenant, list(packs)) for _ in range(2)]
        committed = {each.name: each for job in commits for each in job.result(60)}
        reserved = [each for job in reserves for each in job.result(60)]
        assert store.audit().entries["reservation"] == len(reserved) == 8
    for each in reserved:
        assert committed[each.release].entry_index < watching.signed[each.nonce] <= each.entry_index


def test_an_unsigned_commitment_is_signed_before_a_nonce(
    store: Store, tenant: str, enrol: Any, pack: VerifierPack
) -> None:
    """A writer that died between committing and signing: the next unit signs first, and only then draws a nonce."""
    enrol(tenant, "pump")
    with store._database.writing() as session:  # a unit whose process is killed before it signs
        Registry(store._parts.tools(session)).commit_release(tenant, "v1", pack=pack.to_bytes())
    with store.reading() as registry:
        assert registry.checkpoint().size == 1
    with store.unit() as registry:
        copy = registry.reserve_copy(tenant, "v1", "pump")
    with store.reading() as registry:
        _, fields = entries.decode(registry.entry(copy.entry_index).data)
    assert fields["after"] == copy.entry_index == 2
    assert fields["nonce"] == canonical.digest(copy.nonce)
    assert store.audit().entries["reservation"] == 1


def test_a_nonce_dated_before_its_commitment_is_found(filled: Any, raw_update: Callable[..., None]) -> None:
    """A row that claims an earlier checkpoint than the one with the commitment fails the audit."""
    raw_update("UPDATE copy SET after = 3")
    with pytest.raises(CopyTampered, match="before the release's commitment"):
        filled.store.audit()
