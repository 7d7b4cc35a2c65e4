"""The log in the database: the one module of `registry.log` that knows SQLAlchemy."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, tuple_

from fingerprint import canonical
from registry.database import driver, together, without_zone
from registry.errors import NodeTampered
from registry.log.log import Place
from registry.log.note import Signature
from registry.log.tree import Node
from registry.models import Base, CosignatureRow, LogEntryRow, TimeStampRow
from registry.records import Checkpoint, TimeStamp

# What every unit runs goes to the database's own driver: making a statement of SQLAlchemy's, or a dictionary for each
# row, costs several times as much as the row. What is asked less often is said by SQLAlchemy.
_ENTRY, _CHECKPOINT = (Base.metadata.tables[name] for name in ("log_entry", "checkpoint"))
_STAMP = Base.metadata.tables["time_stamp"]
_LATEST = "SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1"
_TIP = (
    "SELECT e.idx, n.hash, c.size, c.root, c.note FROM (SELECT max(idx) AS idx FROM log_entry) e"
    " LEFT JOIN log_node n ON n.level = 0 AND n.idx = e.idx"
    " LEFT JOIN checkpoint c ON c.size = (SELECT max(size) FROM checkpoint)"
)
_OF_SIZE = select(_CHECKPOINT.c.size, _CHECKPOINT.c.root, _CHECKPOINT.c.note).where(
    _CHECKPOINT.c.size == bindparam("of_size")
)
_DATA = select(_ENTRY.c.data).where(_ENTRY.c.idx == bindparam("of_index"))
_COSIGNED = (
    select(CosignatureRow.name, CosignatureRow.key_id, CosignatureRow.signature)
    .where(CosignatureRow.size == bindparam("of_size"))
    .order_by(CosignatureRow.name, CosignatureRow.key_id)
)
_ADD_CHECKPOINT = "INSERT INTO checkpoint (size, root, note, signed_at) VALUES (?, ?, ?, ?)"
_ADD_ENTRY = "INSERT INTO log_entry (idx, data) VALUES (?, ?)"
_ADD_NODE = "INSERT INTO log_node (level, idx, hash) VALUES (?, ?, ?)"
_ADD_BOTH = (  # PostgreSQL: all rows in one statement, each column an array
    "WITH added AS (INSERT INTO log_entry (idx, data) SELECT * FROM unnest(%b::bigint[], %b::bytea[]))"
    " INSERT INTO log_node (level, idx, hash) SELECT * FROM unnest(%b::integer[], %b::bigint[], %b::bytea[])"
)
_LOCK = "SELECT pg_advisory_xact_lock(%s)"
_ADVISORY_LOCK = 0x636F756E74657231  # "counter1": one log for a database, so one key for its lock


@lru_cache(maxsize=256)
def _nodes_statement(count: int) -> str:
    wanted = " OR ".join(["(level = ? AND idx = ?)"] * count)
    return f"SELECT level, idx, hash FROM log_node WHERE {wanted}"  # noqa: S608 - nothing but marks


def lock_log(connection: Connection) -> None:
    """Keep other writers out; on SQLite a writing unit's BEGIN IMMEDIATE has done so already."""
    if connection.dialect.name == "postgresql":
        driver(connection).execute(_LOCK, (_ADVISORY_LOCK,))


class SqlLogStorage:
    """`registry.log.log.LogStorage` over one connection."""

    def __init__(self, connection: Connection, origin: str) -> None:
        self._connection = connection
        self._origin = origin
        self._postgresql = connection.dialect.name == "postgresql"

    def lock(self) -> None:
        """As `lock_log`."""
        lock_log(self._connection)

    def size(self) -> int:
        """Number of entries: one more than the last index, since the table has no gaps."""
        return self._connection.scalar(select(func.coalesce(func.max(_ENTRY.c.idx) + 1, 0))) or 0

    def locked_tip(self) -> tuple[int, bytes | None, Checkpoint | None]:
        """After `lock`: number of entries, the hash of the last one as a leaf, and the newest checkpoint.

        Raises:
            NodeTampered: that hash is missing.
        """
        with together(self._connection):
            self.lock()
            index, leaf, size, root, note = driver(self._connection).execute(_TIP).fetchone()
        latest = None if size is None else self._known((size, root, note))
        if index is None:
            return 0, None, latest
        if leaf is None:
            raise NodeTampered(f"the log lacks the hash of its last entry, {index}; run the audit")
        return index + 1, leaf, latest

    def entry(self, index: int) -> bytes | None:
        """The entry's bytes, None beyond the end."""
        return self._connection.execute(_DATA, {"of_index": index}).scalar()

    def nodes(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        """Stored subtree hashes; raises NodeTampered when one is missing."""
        if not nodes:
            return {}
        statement = _nodes_statement(len(nodes))
        rows = self._driven(statement, tuple(value for node in nodes for value in (node.level, node.number)))
        found = {Node(level, number): value for level, number, value in rows}
        missing = set(nodes) - set(found)
        if missing:
            raise NodeTampered(f"the log lacks the stored subtrees {sorted(missing)}; run the audit")
        return found

    def append(self, index: int, data: Sequence[bytes], completed: Sequence[tuple[Node, bytes]]) -> None:
        """Store entries from an index on, and the subtrees that they complete."""
        if not data:
            return
        raw = driver(self._connection)
        if self._postgresql:
            nodes, hashes = zip(*completed, strict=True)
            levels, numbers = zip(*nodes, strict=True)
            indices = list(range(index, index + len(data)))
            raw.execute(_ADD_BOTH, (indices, list(data), list(levels), list(numbers), list(hashes)))
        else:
            raw.executemany(_ADD_ENTRY, enumerate(data, index))
            raw.executemany(_ADD_NODE, [(*node, value) for node, value in completed])

    def _driven(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        marked = statement.replace("?", "%s") if self._postgresql else statement
        return driver(self._connection).execute(marked, values)

    def latest(self) -> Checkpoint | None:
        """The newest signed checkpoint."""
        return self._signed(driver(self._connection).execute(_LATEST).fetchone())

    def checkpoint(self, size: int) -> Checkpoint | None:
        """The checkpoint of that size, as it was signed."""
        return self._signed(self._connection.execute(_OF_SIZE, {"of_size": size}).first())

    def add_checkpoint(self, checkpoint: Checkpoint, signed_at: datetime) -> None:
        """Store a signed checkpoint."""
        at = signed_at if self._postgresql else without_zone(signed_at)
        self._driven(_ADD_CHECKPOINT, (checkpoint.size, checkpoint.root, checkpoint.note, at))

    def entries(self, low: int, high: int) -> Sequence[bytes]:
        """Entries low <= i < high."""
        span = select(LogEntryRow.data).where(LogEntryRow.idx >= low, LogEntryRow.idx < high)
        return self._connection.scalars(span.order_by(LogEntryRow.idx)).all()

    def cosignatures(self, size: int) -> Sequence[Signature]:
        """Cosignatures of the checkpoint of that size, in the order of their names."""
        rows = self._connection.execute(_COSIGNED, {"of_size": size})
        return [Signature(name=row.name, key_id=bytes.fromhex(row.key_id), payload=row.signature) for row in rows]

    def add_cosignatures(self, size: int, signatures: Sequence[Signature], obtained_at: datetime) -> None:
        """Store cosignatures of a checkpoint, unless the cosigner's is there already; one at a time."""
        self.lock()
        present = {(each.name, each.key_id) for each in self.cosignatures(size)}
        for each in signatures:
            if (each.name, each.key_id) not in present:
                row = {"size": size, "name": each.name, "key_id": each.key_id.hex(), "signature": each.payload}
                self._connection.execute(insert(CosignatureRow), [{**row, "obtained_at": obtained_at}])

    def add_timestamp(self, size: int, token: bytes, stamped_at: datetime, obtained_at: datetime) -> None:
        """Store a time stamp of the checkpoint of that size."""
        row = {"size": size, "token_digest": canonical.digest(token), "token": token}
        self._connection.execute(insert(TimeStampRow), [{**row, "stamped_at": stamped_at, "obtained_at": obtained_at}])

    def timestamps(self, index: int, limit: int, after: Place | None) -> Sequence[TimeStamp]:
        """Time stamps of checkpoints that hold the entry at an index, in the order of their places."""
        columns = select(
            _CHECKPOINT.c.size, _CHECKPOINT.c.root, _CHECKPOINT.c.note, _STAMP.c.stamped_at, _STAMP.c.token
        )
        joined = columns.join_from(_CHECKPOINT, _STAMP, _STAMP.c.size == _CHECKPOINT.c.size)
        place = _STAMP.c.stamped_at, _STAMP.c.size, _STAMP.c.token_digest
        dated = joined.where(_STAMP.c.size > index)
        if after is not None:
            dated = dated.where(tuple_(*place) > after)
        return [
            TimeStamp(checkpoint=self._known(row), stamped_at=row.stamped_at, token=row.token)
            for row in self._connection.execute(dated.order_by(*place).limit(limit))
        ]

    def _signed(self, row: Any) -> Checkpoint | None:
        return None if row is None else self._known(row)

    def _known(self, row: Any) -> Checkpoint:
        size, root, note, *_ = row
        return Checkpoint(origin=self._origin, size=size, root=root, note=note)

    def last_cosigned(self, name: str, key_id: bytes) -> int:
        """Size of the largest checkpoint that a cosigner cosigned, 0 if none."""
        mine = CosignatureRow.name == name, CosignatureRow.key_id == key_id.hex()
        return self._connection.scalar(select(func.max(CosignatureRow.size)).where(*mine)) or 0
