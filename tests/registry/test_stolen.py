"""A stolen database: its raw bytes hold no codeword, no key and no token, on SQLite with its journal and on PostgreSQL.

The same search finds what is stored in the clear on purpose, so it would find a secret if there were one.
"""

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint import codeword
from fingerprint.pack import VerifierPack
from registry.keys.base import Wrapped
from registry.keys.local import LocalKeys
from registry.log.note import decode_skey
from registry.records import Scope
from registry.sealing import Sealer
from registry.signing.key_file import KeyFile
from registry.store import Store, init_store, open_registry
from registry.usecases.access import pepper_row
from registry.verification import verify_case
from tests.registry.log_key import log_signer

ON_EVERY_DATABASE = True
KEK = bytes(range(32, 64))
HELPER = b"helper data, public, stored as given"


@dataclass
class Listening:
    """Keys that remember every data key they were shown."""

    keys: LocalKeys = field(default_factory=lambda: LocalKeys([KEK], os.urandom))
    shown: set[bytes] = field(default_factory=set)

    @property
    def current(self) -> str:
        """As the keys have it."""
        return self.keys.current

    @property
    def place(self) -> str:
        """As the keys have it."""
        return self.keys.place

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """Remember, then wrap."""
        self.shown.add(data_key)
        return self.keys.wrap(data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """As the keys do."""
        return self.keys.unwrap(key_id, wrapped, context)

    def rotate(self) -> str:
        """As the keys do."""
        return self.keys.rotate()


def spelt(secret: bytes) -> Iterator[bytes]:
    """The ways in which a secret could stand in a file."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield base64.b64encode(secret).rstrip(b"=")
    yield base64.urlsafe_b64encode(secret).rstrip(b"=")


def of_codeword(signs: NDArray[np.int8]) -> Iterator[bytes]:
    """A codeword as packed bits of either order, as bytes of -1 and +1, of 0 and 1, as text."""
    bits = signs > 0
    yield from spelt(codeword.pack_bits(signs))
    yield from spelt(np.packbits(bits).tobytes())
    yield signs.tobytes()
    yield bits.astype(np.uint8).tobytes()
    yield "".join("1" if bit else "0" for bit in bits).encode()
    yield "".join("+" if bit else "-" for bit in bits).encode()


def found(needles: Iterable[bytes], files: Iterable[Path]) -> set[bytes]:
    """The needles that are in some file."""
    wanted, seen = set(needles), set[bytes]()
    for path in files:
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # PostgreSQL removes caches of its own at any moment
            continue
        seen |= {needle for needle in wanted - seen if needle in data}
    return seen


def of_log(directory: Path) -> Iterator[bytes]:
    """The log's two secret keys: by themselves, and as the lines in which older versions wrote them."""
    signer = log_signer(directory, KEK)
    sealer = Sealer(LocalKeys([KEK], os.urandom), os.urandom)
    for line in KeyFile.parse((directory / "log.key").read_text())._lines(sealer).split():
        _, kind, _, seed = decode_skey(line)
        yield from spelt(seed)
        yield from spelt(bytes([kind]) + seed)
        yield line.encode()
    yield from spelt(signer._key.private_bytes_raw())


def live(store: Store, pack: VerifierPack, answers: NDArray[np.float64]) -> set[bytes]:
    """Everything that can be recorded is; the secrets that took part."""
    secrets: set[bytes] = set(spelt(pack.release_key))
    with store.unit() as registry:
        tenant = registry.create_tenant("acme").id
        token = registry.create_api_key(tenant, "k", {Scope.AUDIT, Scope.RELEASE}).token
        registry.authenticate(token)
        for number in range(3):
            key = os.urandom(32)
            secrets |= set(spelt(key))
            registry.enroll_device(tenant, f"d{number}", helper_data=HELPER, identity="ab" * 32, codeword_key=key)
        registry.commit_release(tenant, "v1", pack=pack.to_bytes())
    with store.unit() as registry:
        for number in range(3):
            reserved = registry.reserve_copy(tenant, "v1", f"d{number}")
            secrets |= set(of_codeword(reserved.codeword))
            registry.issue_copy(tenant, reserved.copy_id, artefact_digest="sha256:" + "a" * 64, method="minted")
        case = registry.open_case(tenant, "v1", suspect="a model")
    with store.unit() as registry:
        verify_case(registry, tenant, case.id, kind="logits", answers=answers)
        registry.forget_device(tenant, "d2")
    store.cosign()
    secrets |= {token.encode(), token.partition("_")[2].encode(), *spelt(KEK)}
    return secrets | set(spelt(pack.probes.tobytes()[:32])) | set(spelt(pack.features.tobytes()[:32]))


@pytest.fixture
def everywhere(databases: Any, engine: str, tmp_path: Path) -> Any:
    """A new registry's place, and all files that somebody could steal with it."""
    place = databases.new(tmp_path / "data")
    yield (
        place,
        lambda: [
            path
            for root in (place.directory, *([Path(databases._data)] if engine == "postgresql" else []))
            for path in root.rglob("*")
            if path.is_file()
        ],
    )
    databases.drop(place)


def test_a_stolen_database_yields_nothing(everywhere: Any, pack: VerifierPack, answers: NDArray[np.float64]) -> None:
    """While the registry runs and after it was closed, before and after the rows were rewrapped."""
    place, files = everywhere
    keys = Listening()
    init_store(place.directory, keys=keys, database_url=place.url)
    with open_registry(place.directory, keys=keys, database_url=place.url) as store:
        secrets = live(store, pack, answers) | set(of_log(place.directory))
        assert found([HELPER], files()) == {HELPER}
        assert found(secrets, files()) == set()
        peppers = _peppers(store, keys)
    new = Listening(keys=LocalKeys([bytes(32), KEK], os.urandom))
    with open_registry(place.directory, keys=new, database_url=place.url) as store:
        assert store.rewrap() > 0
    secrets |= {each for key in (*keys.shown, *new.shown, *peppers) for each in spelt(key)}
    assert len(keys.shown) >= 5
    assert found([HELPER], files()) == {HELPER}
    assert found(secrets, files()) == set()


def _peppers(store: Store, keys: Listening) -> set[bytes]:
    """The peppers in the clear, opened with the keys."""
    with store._database.reading() as session:
        tools = store._parts.tools(session)
        stored = tools.repository.access.live_peppers()
        opened = {tools.sealer.open(each.data_key, pepper_row(each.id), "secret", each.secret) for each in stored}
    assert opened
    assert keys.shown
    return opened


def test_the_search_would_find_a_secret(everywhere: Any, pack: VerifierPack) -> None:
    """A codeword left in a column that is stored in the clear is found: the search is no empty ritual."""
    place, files = everywhere
    signs = np.where(np.random.default_rng(1).random(pack.bits) < 0.5, -1, 1).astype(np.int8)
    init_store(place.directory, kek=KEK, database_url=place.url)
    with open_registry(place.directory, kek=KEK, database_url=place.url) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
            leak = codeword.pack_bits(signs)
            registry.enroll_device(tenant, "d", helper_data=leak, identity="ab" * 32, codeword_key=bytes(32))
        assert found(of_codeword(signs), files()) == {leak}
