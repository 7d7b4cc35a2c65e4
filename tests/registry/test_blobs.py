"""Files named by their digest: whole or not there, and never another's bytes."""

from pathlib import Path

import pytest

from fingerprint import canonical
from registry.blobs import PackFiles
from registry.errors import BlobTampered


def test_round_trip(tmp_path: Path) -> None:
    """What was put is got, under the digest of its bytes, once however often it is put."""
    files = PackFiles(tmp_path)
    digest = files.put(b"pack")
    assert digest == canonical.digest(b"pack") == files.put(b"pack")
    assert files.get(digest) == b"pack"
    assert [path.name for path in tmp_path.iterdir()] == [digest.removeprefix("sha256:")]


def test_changed_bytes_are_found(tmp_path: Path) -> None:
    """A file whose bytes changed is refused."""
    files = PackFiles(tmp_path)
    digest = files.put(b"pack")
    (tmp_path / digest.removeprefix("sha256:")).write_bytes(b"park")
    with pytest.raises(BlobTampered, match="other bytes"):
        files.get(digest)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is gone is named."""
    with pytest.raises(BlobTampered, match="gone"):
        PackFiles(tmp_path).get(canonical.digest(b"pack"))


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """If the file cannot get its name, what was written is taken away again."""
    blocked = tmp_path / canonical.digest(b"pack").removeprefix("sha256:")
    blocked.mkdir()
    (blocked / "something").touch()
    files = PackFiles(tmp_path)
    blocked_files = [path.name for path in tmp_path.iterdir()]
    with pytest.raises(IsADirectoryError):
        files.get(files.put(b"pack"))
    other = PackFiles(tmp_path / "missing")
    with pytest.raises(FileNotFoundError):
        other.put(b"pack")
    assert [path.name for path in tmp_path.iterdir()] == blocked_files
