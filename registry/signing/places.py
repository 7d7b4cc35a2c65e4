"""The places where a log's Ed25519 key can be kept, by the word before the colon.

| written as | key | file |
|---|---|---|
| `file` | in `log.key` of the data directory, sealed under the key-encryption key | key_file.py |
| `pkcs11:token=T;object=LABEL?module-path=PATH&pin-source=FILE` | a security module that has CKM_EDDSA | pkcs11.py |
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from registry.errors import MalformedValue
from registry.keys import hsm
from registry.keys.written import OWN, Place, Wanted, open_place
from registry.signing.base import SigningKey
from registry.signing.pkcs11 import TokenSigningKey


def _own(wanted: Wanted) -> None:
    if wanted.path:
        raise MalformedValue("the log's own file is always log.key in the data directory; write 'file' alone")


def _pkcs11(wanted: Wanted) -> SigningKey:
    module, token, label, pin = hsm.named(wanted)
    return TokenSigningKey.connect(
        module, token=token, label=label, pin=pin, entropy=wanted.entropy, create=wanted.create
    )


SIGNING_PLACES: Mapping[str, Place[SigningKey | None]] = {
    OWN: Place(_own),
    "pkcs11": Place(_pkcs11, hsm.NAMES),
}


def open_signing_key(
    place: str, *, data_dir: Path, entropy: Callable[[int], bytes], create: bool = False
) -> SigningKey | None:
    """The log's key in a place, None for the registry's own file, which it opens itself.

    Args:
        place: as in the table above.
        data_dir: the registry's directory.
        entropy: fresh random bytes.
        create: make a key where there is none; an existing one is kept.

    Raises:
        MalformedValue: no such place, or something that does not belong to it.
        StoreError: its subclass says what is wrong with the place.
    """
    return open_place(place, SIGNING_PLACES, data_dir=data_dir, entropy=entropy, create=create)
