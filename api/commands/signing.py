"""Signing the file that leaves: its bundle is written beside it, as FILE.sig."""

from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric import ec

from api import bundles
from api.commands import files
from registry.keys.local import read_private_file

SigningKey = Annotated[
    Path | None,
    typer.Option("--sign-key", help="Elliptic private key (PEM, mode 0600): sign each copy's file, into FILE.sig."),
]


def load_key(path: Path | None) -> ec.EllipticCurvePrivateKey | None:
    """The key that signs, if one is given.

    Raises:
        KeyFileUnsafe: others can read it.
        BundleMalformed: it is no key for this.
    """
    return None if path is None else bundles.private_key(read_private_file(path).encode())


def path_of(file: Path) -> Path:
    """Where the signature of a file lies."""
    return file.with_name(file.name + ".sig")


def sign_file(file: Path, data: bytes, key: ec.EllipticCurvePrivateKey | None) -> None:
    """Write the signature of a file; one that is there already must hold.

    Raises:
        BundleInvalid: there is one, of another file or by another key.
    """
    if key is None:
        return
    target = path_of(file)
    if target.exists():
        bundles.verify(files.read(target), data, key.public_key())
    else:
        files.write(target, bundles.sign(file.name, data, key))
