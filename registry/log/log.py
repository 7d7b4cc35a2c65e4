"""The log of one registry: append in the unit's transaction, sign after it.

Who may append holds the log's lock until its transaction ends (`LogStorage.lock`), so entries have no gaps and one
order. What is signed is durable, and entries are append-only, so it is a prefix of everything signed later:

1. A checkpoint is signed in a transaction of its own, after the entries were committed and flushed to the disk.
2. That transaction need not be flushed. If the machine loses power, its checkpoint can be missing, with nothing after
   it: whatever is flushed later flushes it too, for both databases write one journal in order.
3. Before the log grows, its newest checkpoint covers all of it (`frontier`), or it is signed now. So a checkpoint that
   was lost is signed again before anything follows, and bit for bit, since Ed25519 (RFC 8032) is deterministic.

A crash between commit and signature loses no entry and no signature.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from registry.errors import Inconsistent, NotPublished, UnknownEntry
from registry.evidence.envelope import signed_bytes
from registry.log import entries, tree
from registry.log.checkpoint import MAX_SIZE, sign_checkpoint
from registry.log.frontier import Frontier
from registry.log.note import Ed25519Verifier, LogSigner, Signature
from registry.log.tiles import Tile, encode_bundle
from registry.log.tree import Node, Range
from registry.records import Checkpoint, ConsistencyProof, Entry, EntryKind, InclusionProof, TimeStamp

Place = tuple[datetime, int, str]
"""Where a time stamp stands among others: the time that it states, its checkpoint's size, its token's digest."""


class LogStorage(Protocol):
    """What the log needs of a database session. All of it happens in the session's transaction."""

    def lock(self) -> None:
        """Keep every other writer out of the log until the transaction ends."""

    def locked_tip(self) -> tuple[int, bytes | None, Checkpoint | None]:
        """After `lock`: number of entries, the last one's hash as a leaf, the newest checkpoint as it was signed."""

    def entry(self, index: int) -> bytes | None:
        """The entry's bytes, None beyond the end."""

    def nodes(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        """Stored subtree hashes; raises NodeTampered when one is missing."""

    def append(self, index: int, data: Sequence[bytes], completed: Sequence[tuple[Node, bytes]]) -> None:
        """Store entries from an index on, and the subtrees that they complete."""

    def latest(self) -> Checkpoint | None:
        """The newest signed checkpoint, as it was signed."""

    def checkpoint(self, size: int) -> Checkpoint | None:
        """The checkpoint of that size, as it was signed."""

    def add_checkpoint(self, checkpoint: Checkpoint, signed_at: datetime) -> None:
        """Store a signed checkpoint."""

    def entries(self, low: int, high: int) -> Sequence[bytes]:
        """Entries low <= i < high."""

    def cosignatures(self, size: int) -> Sequence[Signature]:
        """Cosignatures of the checkpoint of that size, in the order of their names."""

    def timestamps(self, index: int, limit: int, after: Place | None) -> Sequence[TimeStamp]:
        """Time stamps of checkpoints that hold the entry at an index, in the order of their places."""


class Log:
    """The log as one unit sees it.

    Args:
        storage: the database session.
        signer: the log's key.
        clock: the time.
        frontier: the log's right edge, if the unit's transaction has read it already.
    """

    def __init__(
        self,
        storage: LogStorage,
        signer: LogSigner,
        clock: Callable[[], datetime],
        frontier: Frontier | None = None,
    ) -> None:
        self._storage = storage
        self._signer = signer
        self._clock = clock
        self._frontier = frontier

    @property
    def reached(self) -> Frontier | None:
        """The log's right edge after what this unit appended, None if the unit has not looked at it."""
        return self._frontier

    @property
    def origin(self) -> str:
        """The log's name, which is the registry's."""
        return self._signer.name

    @property
    def appended(self) -> int:
        """Size of the log after what this transaction appended and has not committed; 0 if it appended nothing."""
        return self._frontier.size if self._frontier is not None and self._frontier.size > self._frontier.signed else 0

    def lock(self) -> None:
        """Keep other writers out until the unit ends: what is read from here on stays true until it is written.

        Whoever knows the frontier has the lock: it was read under it, in this transaction.
        """
        if self._frontier is None:
            self._storage.lock()

    def frontier(self, known: Frontier | None = None) -> Frontier:
        """The log's right edge, under the lock; what no checkpoint covers is signed first. Never after an append.

        Args:
            known: a frontier from before; if the log is still there, nothing more needs to be read.

        Raises:
            Inconsistent: the stored log does not extend its newest checkpoint.
        """
        if self._frontier is None:
            size, leaf, latest = self._storage.locked_tip()
            if latest is None or latest.size != size:
                latest = self.publish()
            here = known is not None and (known.size, known.leaf) == (size, leaf)
            edge = known.edge if known is not None and here else tuple(self._right_edge(size))
            self._frontier = Frontier(size=size, edge=edge, leaf=leaf, signed=size)
            if self._frontier.root != latest.root:
                raise Inconsistent(_contradiction(size, latest.size))
        return self._frontier

    def append(self, kind: EntryKind, fields: Mapping[str, Any]) -> int:
        """Append an entry and return its index."""
        return self.extend(kind, [fields]).start

    def extend(self, kind: EntryKind, records: Sequence[Mapping[str, Any]]) -> range:
        """Append entries of one kind and return their indices."""
        before = self.frontier()
        data = [entries.encode(kind, fields) for fields in records]
        self._frontier, completed = before.grown([tree.leaf_hash(each) for each in data])
        self._storage.append(before.size, data, completed)
        return range(before.size, self._frontier.size)

    def sign(self, frontier: Frontier) -> Checkpoint:
        """Sign the committed log up to its frontier, unless a checkpoint covers it already.

        Raises:
            Inconsistent: the stored log is not where the frontier began; nothing is signed.
        """
        self._storage.lock()
        latest = self._storage.latest()
        if latest is not None and latest.size >= frontier.size:
            return latest
        if latest is None or latest.size != frontier.signed:
            return self.publish()
        return self._sign(frontier.size, frontier.root)

    def publish(self) -> Checkpoint:
        """Sign the committed log as it is stored, unless its newest checkpoint covers it. Never after an append.

        Raises:
            Inconsistent: the stored log no longer extends its newest checkpoint; nothing is signed.
        """
        size, _, latest = self._storage.locked_tip()
        if latest is not None and latest.size == size:
            return latest
        if latest is not None and (latest.size > size or self._root(latest.size) != latest.root):
            raise Inconsistent(_contradiction(size, latest.size))
        return self._sign(size, self._root(size))

    def _sign(self, size: int, root: bytes) -> Checkpoint:
        checkpoint = sign_checkpoint(size, root, self._signer)
        self._storage.add_checkpoint(checkpoint, self._clock())
        return checkpoint

    def checkpoint(self) -> Checkpoint:
        """The newest signed checkpoint, with what cosignatures it has. Raises NotPublished before the first one."""
        latest = self._storage.latest()
        if latest is None:
            raise NotPublished("the log has no checkpoint yet; publish it")
        return self._cosigned(latest)

    def checkpoint_of(self, size: int) -> Checkpoint:
        """The checkpoint of that size, with its cosignatures. Raises NotPublished if there is none."""
        found = self._storage.checkpoint(size)
        if found is None:
            raise NotPublished(f"the log signed no checkpoint of {size} entries")
        return self._cosigned(found)

    def timestamps(self, index: int, limit: int, *, after: Place | None = None) -> tuple[TimeStamp, ...]:
        """Time stamps that date an entry, the earliest first, from a place on. Raises UnknownEntry."""
        self.entry(index)
        return tuple(self._storage.timestamps(index, limit, after))

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile or entry bundle. Raises UnknownEntry for one that the newest checkpoint lacks."""
        size = self.checkpoint().size
        if not tile.within(size):
            raise UnknownEntry(f"the newest checkpoint has {size} entries and no tile {tile.path()}")
        if tile.level is None:
            return encode_bundle(self._storage.entries(tile.low, tile.low + tile.width))
        nodes = tile.nodes()
        stored = self._storage.nodes(nodes)
        return b"".join(stored[node] for node in nodes)

    @property
    def verifier(self) -> Ed25519Verifier:
        """The log's public key."""
        return self._signer.verifier

    def attest(self, payload: bytes) -> bytes:
        """The log's signature of an evidence statement, in a form that can stand for no checkpoint."""
        return self._signer.sign(signed_bytes(payload).decode())

    def verifier_key(self) -> str:
        """The log's public key as a vkey."""
        return self._signer.verifier.vkey()

    def entry(self, index: int) -> Entry:
        """The entry at an index. Raises UnknownEntry."""
        data = self._storage.entry(index) if 0 <= index <= MAX_SIZE else None
        if data is None:
            raise UnknownEntry(f"the log has no entry {index}")
        return Entry(index=index, data=data)

    def proof(self, index: int, size: int | None = None) -> InclusionProof:
        """That the entry is under the newest checkpoint, or the one of that size. Raises UnknownEntry, NotPublished."""
        leaf = tree.leaf_hash(self.entry(index).data)
        checkpoint = self.checkpoint() if size is None else self.checkpoint_of(size)
        if index >= checkpoint.size:
            raise NotPublished(f"entry {index} is not under a signed checkpoint yet; read its proof in the next unit")
        hashes = tree.inclusion(index, checkpoint.size, self._storage.nodes)
        return InclusionProof(index=index, size=checkpoint.size, hashes=hashes, leaf_hash=leaf, checkpoint=checkpoint)

    def consistency(self, old_size: int) -> ConsistencyProof:
        """That the newest checkpoint extends the tree of `old_size` entries. Raises UnknownEntry."""
        checkpoint = self.checkpoint()
        if not 0 <= old_size <= checkpoint.size:
            raise UnknownEntry(
                f"the newest checkpoint has {checkpoint.size} entries; no tree of {old_size} leads to it"
            )
        hashes = self.hashes(old_size, checkpoint.size)
        return ConsistencyProof(old_size=old_size, size=checkpoint.size, hashes=hashes, checkpoint=checkpoint)

    def hashes(self, old: int, new: int) -> tuple[bytes, ...]:
        """Hashes of the consistency proof between two sizes of the committed log. Raises MalformedValue."""
        return tree.consistency(old, new, self._storage.nodes)

    def _cosigned(self, checkpoint: Checkpoint) -> Checkpoint:
        lines = "".join(signature.line() for signature in self._storage.cosignatures(checkpoint.size))
        return replace(checkpoint, note=checkpoint.note + lines)

    def _root(self, size: int) -> bytes:
        return tree.root(size, self._storage.nodes)

    def _right_edge(self, size: int) -> list[bytes]:
        nodes = tree.subtrees(Range(0, size))
        stored = self._storage.nodes(nodes)
        return [stored[node] for node in nodes]


def _contradiction(size: int, signed: int) -> str:
    return (
        f"the stored log of {size} entries does not extend its checkpoint of {signed}; nothing was signed."
        " Restore the newest database, and run the audit"
    )
