"""Digest of the program that verifies: committed with a release, lest a verdict rest on a later change of it."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fingerprint import canonical

TAG = "countermark/code"
PACKAGE = "fingerprint"


@cache
def code_digest() -> str:
    """Digest of the canonical list of the package's sources, each with the SHA-256 of its bytes.

    Anybody who has the sources can make it: canonical bytes of {"files": {path: digest}} under `countermark/code`.
    """
    return canonical.digest(canonical.encode(TAG, {"files": dict(sorted(_sources(files(PACKAGE), PACKAGE)))}))


def _sources(folder: Traversable, path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for each in folder.iterdir():
        name = f"{path}/{each.name}"
        if each.is_dir():
            found += _sources(each, name)
        elif each.name.endswith(".py"):
            found.append((name, canonical.digest(each.read_bytes())))
    return found
