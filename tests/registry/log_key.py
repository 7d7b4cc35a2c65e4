"""The log's secret key, as only the operator can have it: opened with the key-encryption key."""

import os
from pathlib import Path

from registry.keys.local import LocalKeys
from registry.log.note import Ed25519Signer
from registry.sealing import Sealer
from registry.signing.key_file import KeyFile


def log_signer(directory: Path, kek: bytes) -> Ed25519Signer:
    """The signer of the registry in a directory."""
    sealer = Sealer(LocalKeys([kek], os.urandom), os.urandom)
    signer, _ = KeyFile.parse((directory / "log.key").read_text()).open(sealer, int)
    assert signer is not None
    return signer
