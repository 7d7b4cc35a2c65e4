"""Registries as older versions left them: the log's keys in the clear."""

import os
from pathlib import Path

from registry.keys.file import FileKeys
from registry.keys.local import LocalKeys
from registry.sealing import Sealer
from registry.signing.key_file import KeyFile


def left_in_the_clear(directory: Path, kek: bytes | None = None) -> None:
    """Put the log's keys back into the form in which nothing seals them."""
    keys = FileKeys(directory / "kek.key", os.urandom) if kek is None else LocalKeys([kek], os.urandom)
    path = directory / "log.key"
    path.write_text(KeyFile.parse(path.read_text())._lines(Sealer(keys, os.urandom)))
