"""The digest of the verifying program."""

from pathlib import Path

import fingerprint
from fingerprint import canonical
from registry.code import code_digest


def test_anybody_with_the_sources_finds_the_digest() -> None:
    """Made by hand from the files: every source of the package, in a canonical list."""
    root = Path(fingerprint.__file__).parent
    digests = {
        f"fingerprint/{path.relative_to(root).as_posix()}": canonical.digest(path.read_bytes())
        for path in root.rglob("*.py")
    }
    assert "fingerprint/verify.py" in digests
    assert code_digest() == canonical.digest(canonical.encode("countermark/code", {"files": digests}))
