"""The places where key-encryption keys can be kept, by the word before the colon.

| written as | keys | file |
|---|---|---|
| `file`, `file:PATH` | a file of mode 0600, by default `kek.key` in the data directory | file.py |
| `kms:alias/NAME?region=R&endpoint=URL` | AWS KMS; credentials are AWS's own settings | kms.py |
| `pkcs11:token=T;object=LABEL?module-path=PATH&pin-source=FILE` | a security module (after RFC 7512) | pkcs11.py |
| `age:PATH?escrow=RECIPIENT&escrow=RECIPIENT` | age identities; every data key also for escrow holders | age.py |
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from registry.keys import hsm
from registry.keys.age import AgeKeys
from registry.keys.base import KeyProvider
from registry.keys.file import FileKeys
from registry.keys.kms import KmsKeys
from registry.keys.pkcs11 import Pkcs11Keys
from registry.keys.written import Place, Wanted, open_place

KEK_FILE = "kek.key"


def _file(wanted: Wanted) -> KeyProvider:
    path = Path(wanted.path) if wanted.path else wanted.data_dir / KEK_FILE
    return (FileKeys.create if wanted.create else FileKeys)(path, wanted.entropy)


def _kms(wanted: Wanted) -> KeyProvider:
    return KmsKeys.connect(
        wanted.path, region=wanted.one("region"), endpoint=wanted.one("endpoint"), create=wanted.create
    )


def _pkcs11(wanted: Wanted) -> KeyProvider:
    module, token, label, pin = hsm.named(wanted)
    return Pkcs11Keys.connect(module, token=token, label=label, pin=pin, entropy=wanted.entropy, create=wanted.create)


def _age(wanted: Wanted) -> KeyProvider:
    opened = AgeKeys.create if wanted.create else AgeKeys
    return opened(Path(wanted.path), wanted.query.get("escrow", []))


PLACES: Mapping[str, Place[KeyProvider]] = {
    "file": Place(_file),
    "kms": Place(_kms, frozenset({"region", "endpoint"})),
    "pkcs11": Place(_pkcs11, hsm.NAMES),
    "age": Place(_age, frozenset({"escrow"})),
}


def open_keys(place: str, *, data_dir: Path, entropy: Callable[[int], bytes], create: bool = False) -> KeyProvider:
    """The keys in a place.

    Args:
        place: as in the table above.
        data_dir: the registry's directory.
        entropy: fresh random bytes.
        create: make a first key where there is none; an existing one is kept.

    Raises:
        MalformedValue: no such place, or something that does not belong to it.
        StoreError: its subclass says what is wrong with the place.
    """
    return open_place(place, PLACES, data_dir=data_dir, entropy=entropy, create=create)
