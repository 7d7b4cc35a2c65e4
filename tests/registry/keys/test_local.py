"""Local keys: who may read the file, and what it may hold."""

import os
import stat
from pathlib import Path

import pytest

from registry.errors import KeyFileUnsafe, MalformedValue, SealBroken, StoreMissing, UnknownKey
from registry.keys.local import LocalKeys, key_id, read_keys, replace_private_file, split_keys, write_keys

ONE, TWO = bytes(32), bytes([1]) * 32


def test_a_key_file_is_its_owners_only(tmp_path: Path) -> None:
    """A key file is created with mode 0600 whatever the umask, and read back as written."""
    path = tmp_path / "kek.key"
    before = os.umask(0)
    try:
        write_keys(path, [ONE, TWO])
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(path) == (ONE, TWO)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777, 0o610])
def test_a_wider_mode_is_refused(tmp_path: Path, mode: int) -> None:
    """A key file that group or others have any right to is refused, with the command that mends it."""
    path = tmp_path / "kek.key"
    write_keys(path, [ONE])
    path.chmod(mode)
    with pytest.raises(KeyFileUnsafe, match="chmod 600"):
        read_keys(path)


def test_an_existing_key_file_is_never_overwritten(tmp_path: Path) -> None:
    """Writing keys where there are some leaves them as they are."""
    path = tmp_path / "kek.key"
    write_keys(path, [ONE])
    with pytest.raises(FileExistsError):
        write_keys(path, [TWO])
    assert read_keys(path) == (ONE,)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    """A key file that is not there raises an error that names it."""
    with pytest.raises(StoreMissing, match=r"kek\.key"):
        read_keys(tmp_path / "kek.key")


@pytest.mark.parametrize("text", ["", "xyz", "00", "00" * 31, "é"])
def test_what_is_no_key_file(tmp_path: Path, text: str) -> None:
    """A file without whole hexadecimal keys raises one error."""
    path = tmp_path / "kek.key"
    write_keys(path, [])
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MalformedValue):
        read_keys(path)


def test_each_replacement_is_later(tmp_path: Path) -> None:
    """By its time of change a file is told from every one that it was before, though the clock went back."""
    path = tmp_path / "kek.key"
    write_keys(path, [ONE])
    ahead = path.stat().st_mtime_ns + 10**12
    os.utime(path, ns=(ahead, ahead))
    times = [ahead]
    for _ in range(3):
        replace_private_file(path, lambda text: text)
        times.append(path.stat().st_mtime_ns)
    assert sorted(set(times)) == times
    assert read_keys(path) == (ONE,)


def test_keys_given_as_bytes() -> None:
    """One key of 32 bytes or several; any other length is refused."""
    assert split_keys(ONE + TWO) == (ONE, TWO)
    for wrong in (b"", ONE[:31], ONE + b"x"):
        with pytest.raises(MalformedValue):
            split_keys(wrong)


def test_wrapping_is_bound_to_context_and_key() -> None:
    """A data key unwraps under its key and in its context only."""
    keys = LocalKeys([ONE, TWO], os.urandom)
    _, wrapped = keys.wrap(b"data key", b"row 1")
    assert keys.unwrap(key_id(ONE), wrapped, b"row 1") == b"data key"
    for identifier, data, context in (
        (key_id(ONE), wrapped, b"row 2"),
        (key_id(TWO), wrapped, b"row 1"),
        (key_id(ONE), wrapped[:-1], b"row 1"),
        (key_id(ONE), b"", b"row 1"),
    ):
        with pytest.raises(SealBroken):
            keys.unwrap(identifier, data, context)
    with pytest.raises(UnknownKey):
        keys.unwrap("0" * 16, wrapped, b"row 1")


def test_keys_do_not_show_themselves() -> None:
    """The representation holds ids and no key; no keys or short ones are refused."""
    keys = LocalKeys([TWO], os.urandom)
    assert TWO.hex() not in repr(keys)
    assert key_id(TWO) in repr(keys)
    for wrong in ([], [b"short"]):
        with pytest.raises(MalformedValue):
            LocalKeys(wrong, os.urandom)
