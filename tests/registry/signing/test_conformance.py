"""What every place for a log's signing key must hold to: one suite, run over all of them."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from registry.errors import KeysUnavailable, MalformedValue, StoreError
from registry.keys.local import LocalKeys
from registry.log import tree
from registry.log.checkpoint import open_checkpoint
from registry.log.note import Ed25519Verifier, decode_skey
from registry.sealing import Sealer
from registry.signing.key_file import KeyFile
from registry.signing.places import SIGNING_PLACES, open_signing_key
from registry.store import Store, open_registry

KEK = bytes(range(32))


def enrol(store: Store, tenant: str, name: str) -> tuple[int, bytes]:
    """A device; size and root of a checkpoint seen after it."""
    with store.unit() as registry:
        registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
    with store.reading() as registry:
        checkpoint = registry.checkpoint()
    return checkpoint.size, checkpoint.root


def tenant_of(store: Store) -> str:
    """A new tenant's id."""
    with store.unit() as registry:
        return registry.create_tenant("acme").id


def test_every_place_is_in_the_suite(kinds: set[str]) -> None:
    """A place written tomorrow fails here until the suite runs over it."""
    assert kinds == set(SIGNING_PLACES)


def test_checkpoints_are_signed_by_the_published_key(logged: Any) -> None:
    """Whoever has `log.pub` can open what is signed, now and after opening again; both of the log's keys sign."""
    verifier = Ed25519Verifier.from_vkey((logged.directory / "log.pub").read_text())
    with logged.open() as store:
        tenant = tenant_of(store)
        enrol(store, tenant, "one")
    with logged.open() as store:
        enrol(store, tenant, "two")
        assert open_checkpoint(store.cosign().checkpoint.note, verifier).size == 2
        assert store.audit().cosignatures == 1
        with store.reading() as registry:
            statement = registry._tools.log.attest(b"{}")
    assert len(statement) == 64


def test_a_signature_has_no_randomness(logged: Any) -> None:
    """The same text gives the same bytes, so that a checkpoint that was lost is signed again bit for bit."""
    with logged.open() as store:
        signer = store._parts.signer
        assert signer.sign("text\n") == signer.sign("text\n")
        assert signer.sign("text\n") != signer.sign("test\n")


def test_the_data_directory_holds_no_clear_key(logged: Any) -> None:
    """No line and no seed of a secret key is in any byte of it, and no representation shows what is sealed."""
    text = (logged.directory / "log.key").read_text()
    file = KeyFile.parse(text)
    lines = file._lines(Sealer(LocalKeys([KEK], os.urandom), os.urandom)).split()
    assert len(lines) == (1 if file.elsewhere else 2)
    secrets = {
        needle
        for line in lines
        for needle in (line.encode(), decode_skey(line)[3], decode_skey(line)[3].hex().encode())
    }
    for path in logged.directory.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not [needle for needle in (*secrets, b"PRIVATE+KEY") if needle in data], path
    assert "sealed" not in repr(file)


def test_an_audit_needs_no_secret_key(logged: Any) -> None:
    """Without the place, and with nothing of the log's keys opened, everything is audited; nothing is signed."""
    with logged.open() as store:
        enrol(store, tenant_of(store), "one")
    with open_registry(logged.directory, kek=KEK, signing=False) as store:
        assert store.audit().published == 1
        assert store._parts.log_keys._secrets is None


def test_the_status_says_where(logged: Any) -> None:
    """Place of the log's key, and the key-encryption key that the file is sealed under; older keys are told of it."""
    with logged.open() as store:
        status = store.key_status()
        assert status.log_key == (
            f"file:{logged.directory / 'log.key'}" if logged.place == "file" else logged.place.partition("?")[0]
        )
        assert status.log_under == status.current
    new = bytes([7]) * 32
    with open_registry(logged.directory, kek=new + KEK, log_key=logged.key()) as store:
        assert not store.key_status().settled
        store.rewrap()
        assert store.key_status().settled
        tenant = tenant_of(store)
    with open_registry(logged.directory, kek=new, log_key=logged.key()) as store:
        enrol(store, tenant, "one")


def test_writers_at_once_sign_one_history(logged: Any) -> None:
    """Two stores, each with its own opening of the key and two threads: every checkpoint seen is of one log."""
    with logged.open() as one, logged.open() as two:
        tenant = tenant_of(one)
        seen: list[tuple[int, bytes]] = []

        def work(store: Store, name: str) -> None:
            seen.extend(enrol(store, tenant, f"{name} {number}") for number in range(4))

        threads = [
            threading.Thread(target=work, args=(s, f"{n} {t}")) for n, s in enumerate((one, two)) for t in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 16
        with one.reading() as registry:
            for size, root in seen:
                proof = registry.consistency(size)
                tree.verify_consistency(size, proof.size, proof.hashes, root, proof.checkpoint.root)
        assert one.audit().published == 16


@pytest.mark.parametrize("place", ["", "vault:x", "file:x", "file?x=1", "pkcs11:token=a", "pkcs11:token=a;object=b"])
def test_places_out_of_form(place: str, tmp_path: Path) -> None:
    """Something that is no place, lacks a part, or has one too many."""
    with pytest.raises(MalformedValue):
        open_signing_key(place, data_dir=tmp_path, entropy=os.urandom)


def test_errors_are_the_stores(logged: Any) -> None:
    """Whatever a place says is one of the store's errors, which commands print in one line."""
    assert issubclass(KeysUnavailable, StoreError)
    with (
        pytest.raises(StoreError, match="the log's signing keys cannot be opened"),
        open_registry(logged.directory, kek=bytes(32), log_key=logged.key()),
    ):
        pass
