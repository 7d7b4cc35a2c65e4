"""The mapped file: grows, is checked when opened, keeps secrets to its owner, survives a crash while adding."""

import stat

import numpy as np
import pytest

from fingerprint.errors import MalformedError, ParameterError
from fingerprint.identify import add_codewords, add_packed, create_index, open_index, pack_codewords
from fingerprint.identify.file import MAGIC
from fingerprint.identify.layout import BLOCK, to_blocks


def test_adding_in_pieces_is_adding_at_once(fleet, make_index, tmp_path):
    """Over block borders and with empty pieces: the same blocks."""
    codewords = fleet(BLOCK + 300, 70)
    index = create_index(tmp_path / "pieces.cmindex", bits=70, release="sha256:00")
    assert index.blocks().count == 0
    for start, stop in ((0, 1), (1, 1), (1, 250), (250, BLOCK), (BLOCK, BLOCK + 300)):
        index = add_codewords(index, codewords[start:stop])
    whole = make_index(codewords)
    assert index.count == whole.count == BLOCK + 300
    assert np.array_equal(index.blocks().words, whole.blocks().words)
    assert np.array_equal(index.blocks().words, to_blocks(pack_codewords(codewords), 70).words)


def test_opening_finds_what_was_written(fleet, make_index):
    """Bits, release and count; the file is its owner's alone."""
    index = make_index(fleet(10, 33))
    assert open_index(index.path) == index
    assert stat.S_IMODE(index.path.stat().st_mode) == 0o600


def test_a_crash_between_codewords_and_count_changes_nothing(fleet, make_index):
    """Data written beyond the count is not read, and is overwritten by the next addition."""
    codewords = fleet(30, 33)
    index = make_index(codewords[:10])
    before = index.path.read_bytes()
    add_codewords(index, codewords[10:20])
    torn = bytearray(index.path.read_bytes())
    torn[:4096] = before[:4096]
    index.path.write_bytes(bytes(torn))
    assert open_index(index.path) == index
    again = add_codewords(index, codewords[20:])
    truth = to_blocks(pack_codewords(np.concatenate([codewords[:10], codewords[20:]])), 33)
    assert np.array_equal(again.blocks().words[0][:, :20], truth.words[0][:, :20])


def test_an_old_view_does_not_overwrite_newer_devices(fleet, make_index):
    """Adding to a file that has grown since it was opened is refused; readers still see what they opened."""
    index = make_index(fleet(10, 33))
    add_codewords(index, fleet(5, 33))
    with pytest.raises(MalformedError, match="15 devices, not 10"):
        add_codewords(index, fleet(5, 33))
    assert index.blocks().count == 10


def test_nothing_is_overwritten(make_index, fleet):
    """Creating where something is, refused by the system."""
    index = make_index(fleet(2, 8))
    with pytest.raises(FileExistsError):
        create_index(index.path, bits=8, release="sha256:00")


def test_rows_that_do_not_fit_change_nothing(fleet, make_index):
    """Packed rows of another length, with spare bits set, codewords of zeros: the file keeps its bytes."""
    index = make_index(fleet(4, 12))
    before = index.path.read_bytes()
    for wrong in (np.zeros((3, 3), dtype=np.uint8), np.full((3, 2), 255, dtype=np.uint8)):
        with pytest.raises(ParameterError):
            add_packed(index, wrong)
    with pytest.raises(ParameterError):
        add_codewords(index, np.zeros((2, 12), dtype=np.int8))
    assert index.path.read_bytes() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[:100],
        lambda data: b"CMINDEX\x02" + data[8:],
        lambda data: data[:-1],
        lambda data: data[:8] + (2**31).to_bytes(4, "little") + data[12:],
        lambda data: data.replace(b'"bits":12', b'"bits":"a"'),
        lambda data: data.replace(b'"bits":12', b'"bits":00'),
        lambda data: data.replace(b'"block":16384', b'"block":16385'),
        lambda data: data[:4088] + (2**40).to_bytes(8, "little") + data[4096:],
        lambda data: MAGIC + bytes(len(data) - 8),
    ],
)
def test_spoilt_files_are_refused(fleet, make_index, spoil):
    """Empty, cut, another version, block or count, a header that is not canonical."""
    index = make_index(fleet(4, 12))
    index.path.write_bytes(spoil(index.path.read_bytes()))
    with pytest.raises(MalformedError):
        open_index(index.path)


def test_a_release_is_needed(tmp_path):
    """Empty or endless release ids and lengths out of range make no file."""
    for release, bits in (("", 8), ("x" * 5000, 8), ("sha256:00", 0)):
        with pytest.raises(ParameterError):
            create_index(tmp_path / "none.cmindex", bits=bits, release=release)
    assert not (tmp_path / "none.cmindex").exists()
