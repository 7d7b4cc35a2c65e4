"""What is particular to each place for key-encryption keys."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from registry.errors import (
    KeyFileUnsafe,
    KeysUnavailable,
    MalformedValue,
    RotatedElsewhere,
    SealBroken,
    StoreMissing,
    UnknownKey,
)
from registry.keys.kms import KmsKeys
from registry.keys.local import LocalKeys
from registry.keys.pkcs11 import Pkcs11Keys
from registry.keys.places import open_keys
from registry.sealing import RowIdentity, Sealer, header

ROW = RowIdentity("device", "t1", "d1")
CONTEXT = ROW.context()


def test_given_keys_are_rotated_by_whoever_gives_them(given: LocalKeys) -> None:
    """The registry cannot put a key where it did not get it from."""
    with pytest.raises(RotatedElsewhere, match="before them"):
        given.rotate()


@pytest.mark.parametrize("kind", ["file", "age"])
def test_key_files_are_private(a_world: Callable[[str], Any], kind: str, tmp_path: Path) -> None:
    """Made with mode 0600, kept so by a rotation, refused when others can read them, missed when they are gone."""
    world = a_world(kind)
    with pytest.raises(StoreMissing):
        world.open(create=False)
    world.open().rotate()
    (path,) = (each for each in tmp_path.iterdir() if each.suffix in {".key", ".txt"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyFileUnsafe):
        world.open(create=False)


def test_kms_errors(kms: None) -> None:
    """No such key, a key that may not be used, and a single key that cannot be rotated from here."""
    place = "kms:alias/none?region=eu-central-1"
    with pytest.raises(UnknownKey, match="keys rotate"):
        open_keys(place, data_dir=Path(), entropy=os.urandom)
    keys = open_keys(place, data_dir=Path(), entropy=os.urandom, create=True)
    one = open_keys(f"kms:{keys.current}?region=eu-central-1", data_dir=Path(), entropy=os.urandom)
    assert one.current == keys.current
    with pytest.raises(RotatedElsewhere, match="alias"):
        one.rotate()
    _, wrapped = keys.wrap(bytes(32), CONTEXT)
    stranger = keys.current.replace("123456789012", "999999999999")
    with pytest.raises(UnknownKey, match="123456789012"):
        keys.unwrap(stranger, wrapped, CONTEXT)


class Contested:
    """KMS, where somebody else points the alias elsewhere as soon as we have."""

    def __init__(self, client: Any, other: KmsKeys) -> None:
        self._client, self._other = client, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_alias(self, **named: Any) -> None:
        """Ours, and at once theirs."""
        self._client.update_alias(**named)
        self.theirs = self._other.rotate()


def test_a_rotation_in_kms_tells_of_its_own_key(kms: None) -> None:
    """Of two at once each tells of the key that it made, and the alias points to the later one's."""
    place = "kms:alias/both?region=eu-central-1"
    keys = open_keys(place, data_dir=Path(), entropy=os.urandom, create=True)
    assert isinstance(keys, KmsKeys)
    first, client = keys.current, Contested(keys._client, keys)
    ours = KmsKeys(client, "alias/both").rotate()
    assert len({first, ours, client.theirs}) == 3
    assert keys.current == client.theirs


def test_a_kms_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody at the address, no credentials, no region: each is said and none hangs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(KeysUnavailable, match="region"):
        open_keys("kms:alias/x", data_dir=Path(), entropy=os.urandom)
    with pytest.raises(KeysUnavailable, match="credentials"):
        open_keys("kms:alias/x?region=eu-central-1", data_dir=Path(), entropy=os.urandom)


def test_a_refusal_of_kms_is_passed_on(kms: None) -> None:
    """A disabled key, answered as AWS answers: its code is in the message, and nothing of the request."""
    boto3, stub = pytest.importorskip("boto3"), pytest.importorskip("botocore.stub")
    client = boto3.client("kms", region_name="eu-central-1")
    keys = KmsKeys(client, client.create_key()["KeyMetadata"]["Arn"])
    under, wrapped = keys.wrap(bytes(32), CONTEXT)
    with stub.Stubber(client) as answers:
        answers.add_client_error("decrypt", "DisabledException")
        with pytest.raises(KeysUnavailable, match="DisabledException"):
            keys.unwrap(under, wrapped, CONTEXT)


def test_keys_of_a_module_never_leave_it(a_world: Callable[[str], Any]) -> None:
    """The key's value cannot be read, not even by its owner."""
    pkcs11 = pytest.importorskip("pkcs11")
    keys = a_world("pkcs11").open()
    assert isinstance(keys, Pkcs11Keys)
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        keys._key(keys.current)[pkcs11.Attribute.VALUE]


def test_versions_of_a_modules_key_rise(a_world: Callable[[str], Any]) -> None:
    """The id says which version it is: 1, 2, 3."""
    keys = a_world("pkcs11").open()
    ids = [keys.current, keys.rotate(), keys.rotate()]
    assert [int(each.partition(":")[2][:8], 16) for each in ids] == [1, 2, 3]


def test_module_errors(a_world: Callable[[str], Any], tmp_path: Path) -> None:
    """No module, no token, a label that cannot be one, no key of that label: each is said."""
    place = a_world("pkcs11").place
    for wrong, error in (
        (place.replace("libsofthsm2", "libnothing"), KeysUnavailable),
        (place.replace("token=tests", "token=none"), KeysUnavailable),
        (place.replace("object=kek", "object=é"), MalformedValue),
        (place, UnknownKey),
        (place.replace("/pin", "/nothing"), StoreMissing),
    ):
        with pytest.raises(error):
            open_keys(wrong, data_dir=tmp_path, entropy=os.urandom)


def test_an_escrow_holder_opens_a_row_without_the_registry(a_world: Callable[[str], Any]) -> None:
    """Identity, wrapped data key and sealed value are enough: age, then AES-GCM-SIV with the row's identity."""
    pyrage = pytest.importorskip("pyrage")
    world = a_world("age")
    keys = world.open()
    sealer = Sealer(keys, os.urandom)
    data_key = sealer.new_data_key(ROW)
    sealed = sealer.seal(data_key, ROW, "codeword_key", b"the codeword key")
    opened = pyrage.decrypt(data_key[len(header(keys.current)) :], [world.escrow])
    plain = AESGCMSIV(opened[:32]).decrypt(sealed[1:13], sealed[13:], ROW.context("codeword_key"))
    assert plain == b"the codeword key"


def test_a_stranger_cannot_wrap_for_an_age_recipient(a_world: Callable[[str], Any]) -> None:
    """The recipient is public; what others encrypt for it is not taken for the registry's."""
    pyrage = pytest.importorskip("pyrage")
    keys = a_world("age").open()
    forged = pyrage.encrypt(bytes(64), [pyrage.x25519.Recipient.from_str(keys.current)])
    with pytest.raises(SealBroken, match="stranger"):
        keys.unwrap(keys.current, forged, CONTEXT)


@pytest.mark.parametrize("text", ["", "# a remark only\n", "AGE-SECRET-KEY-1NONSENSE\n"])
def test_files_without_identities(tmp_path: Path, text: str) -> None:
    """Empty, remarks only, or a line that is none."""
    (tmp_path / "i").write_text(text)
    (tmp_path / "i").chmod(0o600)
    with pytest.raises(MalformedValue):
        open_keys(f"age:{tmp_path}/i", data_dir=tmp_path, entropy=os.urandom)
    with pytest.raises(MalformedValue, match="recipient"):
        open_keys(f"age:{tmp_path}/j?escrow=age1nobody", data_dir=tmp_path, entropy=os.urandom, create=True)
