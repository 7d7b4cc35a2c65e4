"""Tiles and bundles: paths, contents, and a log rebuilt from them alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedEntry, MalformedValue, UnknownEntry
from registry.log import tree
from registry.log.log import Log
from registry.log.note import Ed25519Signer
from registry.log.tiles import Tile, decode_bundle, encode_bundle
from registry.log.tree import Node, Range
from registry.records import EntryKind


@given(st.none() | st.integers(0, 63), st.integers(0, 10**20 - 1), st.integers(1, 256))
def test_paths_round_trip(level: int | None, index: int, width: int) -> None:
    """The path of a tile is read back as that tile."""
    tile = Tile(level, index, width)
    assert Tile.parse(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/1",
        "0/0001",
        "00/000",
        "64/000",
        "-1/000",
        "x/000",
        "0/x000/000",
        "0/000/000",
        "0/x1234/067",
        "0/x001/x234",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/257",
        "0/000.p/01",
        "0/000.p/",
        "entries/000.p/300",
        "entries/x000/001",
        "0/000/",
        "0/٠٠٠",
        "0/000\n",
        "0/" + "x001/" * 9 + "000",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    """A tile has one path and no other."""
    with pytest.raises(MalformedValue):
        Tile.parse(path)


def test_the_specified_example() -> None:
    """A tree of 70,000 entries has the full and partial tiles that the specification lists."""
    size = 70_000
    assert Tile(0, 272).within(size)
    assert not Tile(0, 273).within(size)
    assert Tile(0, 273, 112).within(size)
    assert not Tile(0, 273, 113).within(size)
    assert Tile(1, 0).within(size)
    assert Tile(1, 1, 17).within(size)
    assert not Tile(1, 1, 18).within(size)
    assert Tile(2, 0, 1).within(size)
    assert not Tile(2, 0, 2).within(size)
    assert Tile(1, 0, 1).within(256)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    """A bundle is read back as its entries, and cut short it is refused or holds fewer."""
    data = encode_bundle(entries)
    assert decode_bundle(data) == tuple(entries)
    if data:
        with pytest.raises(MalformedEntry):
            decode_bundle(data[:-1])


def test_a_log_is_rebuilt_from_its_tiles(memory_log: Any) -> None:
    """Bundles and tiles of a log of 600 entries give its root and every leaf hash, through all levels."""
    storage = memory_log(600)
    log = Log(storage, Ed25519Signer("example.com/log", bytes(32)), lambda: pytest.fail("no time is needed"))
    tiles = {tile: log.tile(tile) for tile in (Tile(0, 0), Tile(0, 1), Tile(0, 2, 88), Tile(1, 0, 2))}
    hashes = {
        node: data[32 * at : 32 * at + 32] for tile, data in tiles.items() for at, node in enumerate(tile.nodes())
    }
    entries = [
        entry for tile in (Tile(None, 0), Tile(None, 1), Tile(None, 2, 88)) for entry in decode_bundle(log.tile(tile))
    ]
    assert [hashes[Node(0, index)] for index in range(600)] == [tree.leaf_hash(entry) for entry in entries]
    edge: list[bytes] = []
    for size, entry in enumerate(entries):
        edge, completed = tree.grow(size, edge, tree.leaf_hash(entry))
        for node, value in completed:
            assert hashes.get(node, value) == value
    assert tree.fold(edge) == log.checkpoint().root
    assert [len(tree.subtrees(Range(0, 600)))] == [len(edge)]


def test_no_tile_beyond_the_checkpoint(memory_log: Any) -> None:
    """What the newest checkpoint does not cover is not served, even if it is committed already."""
    storage = memory_log(300)
    log = Log(storage, Ed25519Signer("example.com/log", bytes(32)), lambda: pytest.fail("no time is needed"))
    log.append(EntryKind.ISSUE, {})
    for tile in (Tile(0, 1), Tile(0, 1, 45), Tile(None, 1, 45), Tile(1, 0, 2), Tile(2, 0, 1), Tile(0, 10**17)):
        with pytest.raises(UnknownEntry):
            log.tile(tile)
    assert len(log.tile(Tile(0, 1, 44))) == 44 * 32
