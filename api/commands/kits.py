"""Signing kits that stay on this machine: `kits/NAME.safetensors` under the data directory, mode 0600.

A file is named after the release's name in hexadecimal, so that no name can leave the directory.
"""

from pathlib import Path

from api.commands import files
from fingerprint.kit import SigningKit

_PRIVATE_DIRECTORY = 0o700


def path_of(data: Path, release: str) -> Path:
    """Where the kit of the release is kept."""
    return data / "kits" / f"{release.encode().hex()}.safetensors"


def check_free(data: Path, release: str) -> None:
    """Return if no kit is kept under that name.

    Raises:
        FileProblem: one is.
    """
    path = path_of(data, release)
    if path.exists():
        raise files.FileProblem(f"a kit is kept for a release {release!r} already, in {path}; choose another name")


def keep(data: Path, release: str, kit: bytes) -> None:
    """Keep the kit for minting.

    Raises:
        FileProblem: one is kept already, or it cannot be written.
    """
    path = path_of(data, release)
    path.parent.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    files.write(path, kit, mode=files.PRIVATE)


def load(data: Path, release: str, given: Path | None) -> SigningKit:
    """The kit of the release: the given file, or the one that is kept.

    Raises:
        FileProblem: there is none.
        KitMalformed: the file is no kit.
    """
    path = given or path_of(data, release)
    if given is None and not path.exists():
        raise files.FileProblem(f"no signing kit is kept for release {release!r}; give it with --kit")
    return SigningKit.from_bytes(files.read(path))
