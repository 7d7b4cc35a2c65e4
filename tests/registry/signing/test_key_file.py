"""`log.key`: both of its forms, what is refused, and the way from one to the other."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Malformed, MalformedValue, SealBroken, StoreMissing, UnknownKey
from registry.keys.local import LocalKeys
from registry.keys.places import open_keys
from registry.log.note import Ed25519Verifier
from registry.log.signing_keys import write_cosigner, write_log_keys
from registry.sealing import Sealer
from registry.signing.key_file import KeyFile
from registry.signing.log_keys import LogKeys
from registry.store import init_store, open_registry, seal_log_key
from tests.registry.killing import killed_before
from tests.registry.signing.clear import left_in_the_clear

KEK = bytes(range(32))
LINES = write_log_keys("example.com/log", bytes(32), bytes([1]) * 32)
SEALER = Sealer(LocalKeys([KEK], os.urandom), os.urandom)


def a_sealed_file() -> KeyFile:
    """The keys of `LINES`, sealed."""
    return KeyFile.of_lines(LINES).sealed_by(SEALER)


@given(st.text("abc.", min_size=1), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_round_trips(name: str, one: bytes, two: bytes) -> None:
    """In each of its three forms a file is read as it was written, and its keys are those that were put in."""
    clear = KeyFile.of_lines(write_log_keys(name, one, two))
    signer, (cosigner,) = clear.open(SEALER, int)
    assert signer is not None
    beside = KeyFile.beside(signer.verifier, write_cosigner(name, cosigner.kind, two), SEALER)
    for file in (clear, clear.sealed_by(SEALER), beside):
        again = KeyFile.parse(file.render())
        assert again == file
        assert again.vkeys == clear.vkeys == (signer.verifier.vkey(), cosigner.verifier.vkey())
        opened, cosigners = again.open(SEALER, int)
        assert [each.verifier for each in cosigners] == [cosigner.verifier]
        assert (opened is None) == file.elsewhere


def test_every_field_is_guarded() -> None:
    """Another log's public keys, fields that were swapped, cut or added: refused when parsed or when opened."""
    fields = json.loads(a_sealed_file().render())
    other = json.loads(
        KeyFile.of_lines(write_log_keys("example.com/log", bytes([2]) * 32, bytes(32))).sealed_by(SEALER).render()
    )
    changes: list[dict[str, Any]] = [{**fields, name: other[name]} for name in ("keys", "data_key", "sealed")]
    changes += [
        {**fields, "elsewhere": True},
        {**fields, "elsewhere": 1},
        {**fields, "format": "x"},
        {**fields, "more": 1},
    ]
    changes += [
        {**fields, "keys": []},
        {**fields, "sealed": "?"},
        {**fields, "sealed": 1},
        {**fields, "keys": fields["keys"][:1]},
    ]
    changes += [{name: fields[name] for name in fields if name != "keys"}, {**fields, "keys": ["x"]}]
    for change in changes:
        with pytest.raises((Malformed, SealBroken)):
            KeyFile.parse(json.dumps(change)).open(SEALER, int)
    for text in ("{", "{}", "{]", "nonsense", ""):
        with pytest.raises(Malformed):
            KeyFile.parse(text)
    with pytest.raises(MalformedValue):
        KeyFile(vkeys=a_sealed_file().vkeys, elsewhere=True, secret=LINES)


def test_sealed_keys_belong_to_their_log() -> None:
    """What was sealed for one log's name does not open under another."""
    fields = json.loads(a_sealed_file().render())
    renamed = KeyFile.of_lines(write_log_keys("example.com/other", bytes(32), bytes([1]) * 32))
    with pytest.raises(SealBroken):
        KeyFile.parse(json.dumps({**fields, "keys": list(renamed.vkeys)})).open(SEALER, int)


@pytest.fixture
def old(data_dir: Path, kek: bytes) -> Path:
    """A registry as older versions left it: its log's keys in the clear."""
    left_in_the_clear(data_dir, kek)
    assert (data_dir / "log.key").read_text().startswith("PRIVATE+KEY+example.com/log+")
    return data_dir


def test_an_old_registry_opens_and_is_sealed(old: Path, kek: bytes) -> None:
    """It is used as it is, its status says so, and sealing it changes no public key and no right."""
    with open_registry(old, kek=kek) as store:
        status = store.key_status()
        assert (status.log_under, status.settled) == (None, True)
        store.rewrap()
        assert store.key_status().log_under is None
        assert seal_log_key(old, kek=kek)
        assert store.key_status().log_under == status.current
        with store.unit() as registry:
            registry.create_tenant("acme")
    assert b"PRIVATE" not in (old / "log.key").read_bytes()
    assert stat.S_IMODE((old / "log.key").stat().st_mode) == 0o600
    assert not seal_log_key(old, kek=kek)
    with open_registry(old, kek=kek) as store, store.reading() as registry:
        assert registry.verifier_key() + "\n" == (old / "log.pub").read_text()
    with pytest.raises(StoreMissing):
        seal_log_key(old / "none", kek=kek)


class Broken(LocalKeys):
    """Keys that wrap into something that does not unwrap."""

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Refused."""
        raise SealBroken("altered")


def test_what_would_not_open_does_not_replace(old: Path) -> None:
    """A sealed form that does not open leaves the clear one where it is."""
    before = (old / "log.key").read_bytes()
    with pytest.raises(SealBroken):
        seal_log_key(old, keys=Broken([KEK], os.urandom))
    assert (old / "log.key").read_bytes() == before
    assert seal_log_key(old, kek=KEK)  # what the failed try left behind is in nobody's way


def test_sealing_is_killed_anywhere(old: Path, kek: bytes) -> None:
    """kill -9 at each step on the way: at every moment the file is whole, of the same keys, and openable."""
    path = old / "log.key"
    clear, keys = path.read_bytes(), KeyFile.parse(path.read_text()).vkeys
    forms = set()
    for step in range(9):
        path.write_bytes(clear)
        if killed_before(step, lambda: seal_log_key(old, kek=kek)):
            file = KeyFile.parse(path.read_text())
            file.open(SEALER, int)
            assert file.vkeys == keys
            forms.add(file.under)
        assert seal_log_key(old, kek=kek) or file.under is not None
    assert len(forms) == 2


def test_a_kms_seals_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log whose key is sealed under AWS KMS: no clear key on the disk; without KMS nothing is signed."""
    moto = pytest.importorskip("moto", reason="moto is not installed")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with moto.mock_aws():
        place = "kms:alias/countermark?region=eu-central-1"
        keys = open_keys(place, data_dir=tmp_path, entropy=os.urandom, create=True)
        init_store(tmp_path / "data", keys=keys)
        with open_registry(tmp_path / "data", keys=keys) as store:
            assert store.key_status().log_under == keys.current
            with store.unit() as registry:
                registry.create_tenant("acme")
        assert b"PRIVATE" not in (tmp_path / "data" / "log.key").read_bytes()
        with pytest.raises(UnknownKey, match="the log's signing keys"), open_registry(tmp_path / "data", kek=KEK):
            pass


def test_keys_show_nothing(data_dir: Path, kek: bytes) -> None:
    """A representation names the log and the place, never a key."""
    keys = LogKeys(data_dir / "log.key", SEALER, int)
    shown = f"{keys!r} {keys.signer!r} {keys.cosigners!r} {KeyFile.of_lines(LINES)!r}"
    assert "PRIVATE" not in shown
    assert isinstance(keys.signer.verifier, Ed25519Verifier)
