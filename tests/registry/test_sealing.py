"""Sealing: what opens, where, and under which key."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import SealBroken, UnknownKey
from registry.keys.file import FileKeys
from registry.keys.local import LocalKeys, key_id
from registry.sealing import RowIdentity, Sealer, header, wrapped_under

ROW = RowIdentity("device", "t1", "d1")
OLD, NEW = bytes(32), bytes([1]) * 32


def sealer(*keys: bytes) -> Sealer:
    """A sealer over local keys, the current one first."""
    return Sealer(LocalKeys(keys, os.urandom), os.urandom)


@given(st.binary(max_size=200))
def test_round_trip(plaintext: bytes) -> None:
    """What was sealed for a cell opens in it, and is longer than it was and never the same twice."""
    made = sealer(OLD)
    data_key = made.new_data_key(ROW)
    sealed = made.seal(data_key, ROW, "codeword_key", plaintext)
    assert made.open(data_key, ROW, "codeword_key", sealed) == plaintext
    assert len(sealed) == len(plaintext) + 29
    assert made.seal(data_key, ROW, "codeword_key", plaintext) != sealed


@pytest.mark.parametrize(
    "row",
    [RowIdentity("device", "t1", "d2"), RowIdentity("device", "t2", "d1"), RowIdentity("pepper", "t1", "d1")],
)
def test_a_sealed_value_opens_in_its_own_row_only(row: RowIdentity) -> None:
    """Data key and value moved to another row, tenant or table do not open there."""
    made = sealer(OLD)
    data_key = made.new_data_key(ROW)
    sealed = made.seal(data_key, ROW, "codeword_key", b"secret")
    with pytest.raises(SealBroken):
        made.open(data_key, row, "codeword_key", sealed)


def test_a_sealed_value_opens_in_its_own_column_only() -> None:
    """A value moved to another column of its row does not open there."""
    made = sealer(OLD)
    data_key = made.new_data_key(ROW)
    with pytest.raises(SealBroken):
        made.open(data_key, ROW, "name", made.seal(data_key, ROW, "codeword_key", b"secret"))


def test_row_identities_are_unambiguous() -> None:
    """Moving a character from one part of an identity to the next gives another context."""
    assert RowIdentity("a", "bc", "d").context() != RowIdentity("ab", "c", "d").context()
    assert RowIdentity("a", "b", "c").context("d") != RowIdentity("a", "b", "cd").context()


@given(st.data())
def test_any_flipped_bit_is_found(data: st.DataObject) -> None:
    """Whichever bit of the wrapped key or the sealed value is flipped, nothing opens."""
    made = sealer(OLD)
    data_key = made.new_data_key(ROW)
    sealed = made.seal(data_key, ROW, "codeword_key", b"secret")
    joined = bytearray(data_key + sealed)
    at = data.draw(st.integers(0, 8 * len(joined) - 1))
    joined[at // 8] ^= 1 << at % 8
    with pytest.raises((SealBroken, UnknownKey)):
        made.open(bytes(joined[: len(data_key)]), ROW, "codeword_key", bytes(joined[len(data_key) :]))


@pytest.mark.parametrize("data_key", [b"", b"CMK1", b"CMK1\x00", b"CMK1\x05abc", b"XXXX\x01a", b"CMK1\x01\xff"])
def test_a_headless_data_key_is_found(data_key: bytes) -> None:
    """A data key without a header of a known version is refused."""
    with pytest.raises(SealBroken):
        wrapped_under(data_key)


def test_rewrapping_touches_the_data_key_only() -> None:
    """After rewrapping under a new key, the sealed value opens unchanged without the old key, and before it did not."""
    old, both, new = sealer(OLD), sealer(NEW, OLD), sealer(NEW)
    data_key = old.new_data_key(ROW)
    sealed = old.seal(data_key, ROW, "codeword_key", b"secret")
    with pytest.raises(UnknownKey, match=key_id(OLD)):
        new.open(data_key, ROW, "codeword_key", sealed)
    rewrapped = both.rewrap(data_key, ROW)
    assert (wrapped_under(data_key), wrapped_under(rewrapped)) == (key_id(OLD), key_id(NEW))
    assert rewrapped.startswith(header(key_id(NEW)))
    assert new.open(rewrapped, ROW, "codeword_key", sealed) == b"secret"


class Restless(FileKeys):
    """A key file that is rotated whenever somebody has just looked which key is current."""

    @property
    def current(self) -> str:
        """As it was a moment ago."""
        found = super().current
        self.rotate()
        return found


def test_a_rotation_at_the_worst_moment_loses_no_row(tmp_path: Path) -> None:
    """A data key says which key it is under, not which was current when somebody looked."""
    keys = Restless.create(tmp_path / "kek.key", os.urandom)
    made = Sealer(keys, os.urandom)
    first, (second, sealed) = made.new_data_key(ROW), made.seal_first(ROW, "codeword_key", b"secret")
    assert keys.current
    assert made.open(second, ROW, "codeword_key", sealed) == b"secret"
    assert made.open(made.rewrap(second, ROW), ROW, "codeword_key", sealed) == b"secret"
    assert made.open(first, ROW, "codeword_key", made.seal(first, ROW, "codeword_key", b"more")) == b"more"


def test_a_destroyed_data_key_is_final() -> None:
    """Without its data key a row says that it is gone for good."""
    made = sealer(OLD)
    sealed = made.seal(made.new_data_key(ROW), ROW, "codeword_key", b"secret")
    with pytest.raises(SealBroken, match="for good"):
        made.open(None, ROW, "codeword_key", sealed)


def test_an_unknown_version_is_found() -> None:
    """A sealed value of another version is refused and not guessed at."""
    made = sealer(OLD)
    data_key = made.new_data_key(ROW)
    with pytest.raises(SealBroken, match="version"):
        made.open(data_key, ROW, "codeword_key", b"\x02" + bytes(40))
