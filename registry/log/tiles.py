"""The log as static files: tiles of 256 hashes and bundles of 256 entries, https://c2sp.org/tlog-tiles.

    /tile/<L>/<N>[.p/<W>]        hash i is MTH(D[(256 N + i) 256^L : (256 N + i + 1) 256^L]): node (8 L, 256 N + i)
    /tile/entries/<N>[.p/<W>]    entries 256 N + i, each after its length as a big-endian uint16

`<N>` is written in groups of three digits, all but the last after an x: 1234067 is x001/x234/067. Full tiles never
change. A partial tile of width W is a prefix of the full one, so it never changes either.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import MalformedEntry, MalformedValue
from registry.log.tree import Node

WIDTH, HEIGHT = 256, 8
ENTRIES = "entries"
CONTENT_TYPE = "application/octet-stream"
CACHE_FOREVER = "public, max-age=31536000, immutable"
CHECKPOINT_CONTENT_TYPE, CHECKPOINT_CACHE = "text/plain; charset=utf-8", "no-cache"
_PATH = re.compile(r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_MAX_LEVEL, _MAX_GROUPS = 63, 7


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of hashes, or of entries when `level` is None. Law: `Tile.parse(t.path()) == t`."""

    level: int | None
    index: int
    width: int = WIDTH

    def path(self) -> str:
        """The path below `/tile/`.

        Example:
            >>> Tile(0, 1234067).path(), Tile(None, 5, 7).path()
            ('0/x001/x234/067', 'entries/005.p/7')
        """
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        level = ENTRIES if self.level is None else str(self.level)
        return f"{level}/{'/'.join(groups)}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile at a path below `/tile/`.

        Raises:
            MalformedValue: not the path of a tile, or not in its one form.
        """
        match = _PATH.fullmatch(path)
        if match and match[2].count("/") < _MAX_GROUPS:
            level = None if match[1] == ENTRIES else int(match[1])
            tile = cls(level, int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH))
            if tile.path() == path and (level or 0) <= _MAX_LEVEL and tile.width <= WIDTH:
                return tile
        raise MalformedValue(f"'{path[:80]}' is not the path of a tile: use <L>/<N>[.p/<W>] or entries/<N>[.p/<W>]")

    @property
    def low(self) -> int:
        """Number of the first node of the tile's level, or of its first entry."""
        return self.index * WIDTH

    def nodes(self) -> tuple[Node, ...]:
        """The nodes whose hashes the tile holds."""
        level = HEIGHT * (self.level or 0)
        return tuple(Node(level, self.low + offset) for offset in range(self.width))

    def within(self, size: int) -> bool:
        """Whether a tree of `size` entries has the whole tile."""
        return self.low + self.width <= size >> (HEIGHT * (self.level or 0))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    r"""Entries, each after its length.

    Example:
        >>> encode_bundle([b"ab", b""])
        b'\x00\x02ab\x00\x00'
    """
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle. Law: `decode_bundle(encode_bundle(e)) == tuple(e)`.

    Raises:
        MalformedEntry: truncated.
    """
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise MalformedEntry(f"an entry bundle of {len(data)} bytes is truncated; fetch it again")
        entries.append(data[at + 2 : end])
        at = end
    return tuple(entries)
