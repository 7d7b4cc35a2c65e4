"""The places where key-encryption keys can be kept, by the word before the colon.

| written as | keys | file |
|---|---|---|
| `file`, `file:PATH` | a file of mode 0600, by default `kek.key` in the data directory | file.py |
| `kms:alias/NAME?region=R&endpoint=URL` | AWS KMS; credentials are AWS's own settings | kms.py |
| `pkcs11:token=T;object=LABEL?module-path=PATH&pin-source=FILE` | a security module (after RFC 7512) | pkcs11.py |
| `age:PATH?escrow=RECIPIENT&escrow=RECIPIENT` | age identities; every data key also for escrow holders | age.py |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote

from registry.errors import MalformedValue
from registry.keys.age import AgeKeys
from registry.keys.base import KeyProvider
from registry.keys.file import FileKeys
from registry.keys.kms import KmsKeys
from registry.keys.local import read_private_file
from registry.keys.pkcs11 import Pkcs11Keys

KEK_FILE = "kek.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A place as it was written, taken apart.

    Attributes:
        path: between the colon and the question mark, percent-decoded.
        query: what follows the question mark.
        data_dir: the registry's directory.
        entropy: fresh random bytes.
        create: whether to make a first key where there is none.
    """

    path: str
    query: Mapping[str, list[str]]
    data_dir: Path
    entropy: Callable[[int], bytes]
    create: bool

    def one(self, name: str) -> str | None:
        """The one value of that name, None if there is none. Raises MalformedValue for several."""
        values = self.query.get(name, [])
        if len(values) > 1:
            raise MalformedValue(f"'{name}' is given {len(values)} times; give it once")
        return values[0] if values else None

    def needed(self, name: str) -> str:
        """The one value of that name. Raises MalformedValue if there is none."""
        value = self.one(name)
        if value is None:
            raise MalformedValue(f"the place lacks '{name}='; add it after the question mark")
        return value


def _file(wanted: Wanted) -> KeyProvider:
    path = Path(wanted.path) if wanted.path else wanted.data_dir / KEK_FILE
    return (FileKeys.create if wanted.create else FileKeys)(path, wanted.entropy)


def _kms(wanted: Wanted) -> KeyProvider:
    return KmsKeys.connect(
        wanted.path, region=wanted.one("region"), endpoint=wanted.one("endpoint"), create=wanted.create
    )


def _pkcs11(wanted: Wanted) -> KeyProvider:
    parts = dict(part.partition("=")[::2] for part in wanted.path.split(";"))
    if set(parts) != {"token", "object"}:
        raise MalformedValue("a security module is written pkcs11:token=T;object=LABEL?module-path=M&pin-source=FILE")
    return Pkcs11Keys.connect(
        wanted.needed("module-path"),
        token=parts["token"],
        label=parts["object"],
        pin=read_private_file(Path(wanted.needed("pin-source").removeprefix("file:"))).strip(),
        entropy=wanted.entropy,
        create=wanted.create,
    )


def _age(wanted: Wanted) -> KeyProvider:
    opened = AgeKeys.create if wanted.create else AgeKeys
    return opened(Path(wanted.path), wanted.query.get("escrow", []))


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of place: what opens it, and which names may follow the question mark."""

    opened: Callable[[Wanted], KeyProvider]
    names: frozenset[str] = frozenset()


PLACES: Mapping[str, Place] = {
    "file": Place(_file),
    "kms": Place(_kms, frozenset({"region", "endpoint"})),
    "pkcs11": Place(_pkcs11, frozenset({"module-path", "pin-source"})),
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
    kind, _, rest = place.partition(":")
    path, _, query = rest.partition("?")
    if kind not in PLACES or (not path and kind != "file"):
        raise MalformedValue(f"'{place[:100]}' is no place for keys; write one of {', '.join(PLACES)}, as documented")
    names = parse_qs(query)
    unknown = set(names) - PLACES[kind].names
    if unknown:
        raise MalformedValue(f"'{kind}' takes no {', '.join(sorted(unknown))}; it takes {sorted(PLACES[kind].names)}")
    return PLACES[kind].opened(
        Wanted(path=unquote(path), query=names, data_dir=data_dir, entropy=entropy, create=create)
    )
