"""A monitor: the log audited from its static files, by somebody who has its public key and nothing else of it.

1. The checkpoint is signed by the log, and cosigned by the quorum if there is a policy.
2. The root that it signs is the one that the log's entries give, bundle by bundle.
3. The tiles, of which others make their proofs, are those that the entries give.
4. The entries are this ledger's, and keep its rules (`registry.log.rules`).
   Steps 3 and 4 are told only once step 2 holds: what they find is then the log's own doing, and signed.
5. If an older checkpoint is brought along, the log extends it.

Nothing but digests and random ids is ever fetched. `registry.audit` is the operator's audit, against the database.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from registry.errors import EntryTampered, Inconsistent, LogTampered, MalformedEntry, NodeTampered, RuleBroken
from registry.log import entries, tree
from registry.log.rules import Rules
from registry.log.tiles import HEIGHT, WIDTH, Tile, decode_bundle
from registry.records import Checkpoint

Fetch = Callable[[str], bytes]
"""Path below the log's prefix -> the file's bytes. Raises LogUnreachable."""
Open = Callable[[str], Checkpoint]
"""Note -> the checkpoint in it, if it is signed as the monitor demands (step 1)."""
CHECKPOINT, TILE = "checkpoint", "tile/"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorReport:
    """What a monitor that found nothing wrong has looked at. There is no report of a failed audit: it raises.

    Attributes:
        origin: name of the log.
        size: number of entries.
        root: `sha256:` and the root of all entries in hexadecimal.
        note: the checkpoint, verbatim: keep it for the next audit.
        tiles: number of tiles of hashes compared.
        entries: entries by kind.
        extends: size of the older checkpoint that the log was shown to extend, None if none was brought along.
        audited: True.
    """

    origin: str
    size: int
    root: str
    note: str
    tiles: int
    entries: Mapping[str, int]
    extends: int | None
    audited: bool = True


def monitor(fetch: Fetch, open_note: Open, *, older: Checkpoint | None = None) -> MonitorReport:
    """The report of an audit that found nothing; anything found is raised.

    Args:
        fetch: fetches the log's static files.
        open_note: opens the log's checkpoint by the keys that the monitor got out of band.
        older: an older checkpoint that the log signed, for step 5.

    Raises:
        SignatureInvalid, PolicyUnmet, MalformedNote: step 1.
        EntryTampered, RuleBroken, NodeTampered: steps 2 to 4.
        Inconsistent: step 5.
        LogUnreachable: a file could not be fetched.
    """
    checkpoint = open_note(_text(fetch(CHECKPOINT)))  # 1
    if older is not None and (older.origin != checkpoint.origin or older.size > checkpoint.size):
        raise Inconsistent(
            f"the log shows {checkpoint.size} entries of '{checkpoint.origin}', and the checkpoint brought along has"
            f" {older.size} of '{older.origin}'"
        )
    found, hashes, rules = Counter[str](), _Tiles(fetch, checkpoint.size), _Ledger()
    edge: list[bytes] = []
    for index, data in enumerate(_entries(fetch, checkpoint.size)):
        _require_extends(older, index, edge)
        found[rules.follow(index, data)] += 1  # 4
        edge, completed = tree.grow(index, edge, tree.leaf_hash(data))
        hashes.take(completed)  # 3
    _require_extends(older, checkpoint.size, edge)
    if tree.fold(edge) != checkpoint.root:  # 2
        raise EntryTampered(f"the log's {checkpoint.size} entries do not give the root that it signed for them")
    hashes.finish()
    rules.finish()
    return MonitorReport(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root="sha256:" + checkpoint.root.hex(),
        note=checkpoint.note,
        tiles=hashes.compared,
        entries=dict(found),
        extends=None if older is None else older.size,
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _entries(fetch: Fetch, size: int) -> Iterator[bytes]:
    """Every entry under the checkpoint, from bundles of 256."""
    for low in range(0, size, WIDTH):
        tile = Tile(None, low // WIDTH, min(WIDTH, size - low))
        try:
            bundle = decode_bundle(fetch(TILE + tile.path()))
        except MalformedEntry as error:
            raise EntryTampered(f"the bundle {tile.path()}: {error}") from error
        if len(bundle) != tile.width:
            raise EntryTampered(f"the bundle {tile.path()} holds {len(bundle)} entries, not {tile.width}")
        yield from bundle


def _require_extends(older: Checkpoint | None, size: int, edge: list[bytes]) -> None:
    """Step 5, when the log has the older checkpoint's size."""
    if older is not None and older.size == size and tree.fold(edge) != older.root:
        raise Inconsistent(f"the log does not extend the checkpoint of {size} entries brought along")


class _Ledger:
    """Step 4: each entry read, the first one out of place remembered."""

    def __init__(self) -> None:
        self._rules = Rules()
        self._wrong: LogTampered | None = None

    def follow(self, index: int, data: bytes) -> str:
        """Take in the next entry: its kind."""
        try:
            kind, fields = entries.decode(data)
            self._rules.follow(index, kind, fields)
        except MalformedEntry as error:
            self._wrong = self._wrong or EntryTampered(f"entry {index} is none that this program knows: {error}")
            return "unknown"
        except RuleBroken as error:
            self._wrong = self._wrong or error
        return kind.value

    def finish(self) -> None:
        """Raise what was out of place, if anything was."""
        if self._wrong is not None:
            raise self._wrong


class _Tiles:
    """Step 3: each tile fetched and compared as soon as the entries complete it, the partial ones at the end."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._filling: dict[int, list[bytes]] = {}
        self._wrong: Tile | None = None
        self.compared = 0

    def take(self, completed: list[tuple[tree.Node, bytes]]) -> None:
        """The subtrees that an entry completed; every eighth level is stored in tiles."""
        for node, value in completed:
            if node.level % HEIGHT == 0:
                level = node.level // HEIGHT
                hashes = self._filling.setdefault(level, [])
                hashes.append(value)
                if len(hashes) == WIDTH:
                    self._compare(Tile(level, node.number // WIDTH), hashes)
                    hashes.clear()

    def finish(self) -> None:
        """The rightmost tile of each level; raise if any tile was another than its entries give."""
        for level, hashes in self._filling.items():
            if hashes:
                index = (self._size >> (HEIGHT * level)) // WIDTH
                self._compare(Tile(level, index, len(hashes)), hashes)
        if self._wrong is not None:
            raise NodeTampered(f"the tile {self._wrong.path()} is not the one that the log's entries give")

    def _compare(self, tile: Tile, hashes: list[bytes]) -> None:
        if self._fetch(TILE + tile.path()) != b"".join(hashes):
            self._wrong = self._wrong or tile
        self.compared += 1
