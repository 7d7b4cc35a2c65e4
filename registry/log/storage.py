"""The log in the database: the one module of `registry.log` that knows SQLAlchemy."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Select, and_, bindparam, func, insert, select, text
from sqlalchemy.orm import Session

from fingerprint import canonical
from registry.errors import NodeTampered
from registry.log.note import Signature
from registry.log.tree import Node
from registry.models import Base, CheckpointRow, CosignatureRow, LogEntryRow, TimeStampRow
from registry.records import Checkpoint, TimeStamp

# What every unit runs is made once, over tables: rows of the ORM cost several times as much.
_ENTRY, _NODE, _CHECKPOINT = (Base.metadata.tables[name] for name in ("log_entry", "log_node", "checkpoint"))
_LAST = and_(_NODE.c.level == 0, _NODE.c.idx == _ENTRY.c.idx)
_TIP = select(_ENTRY.c.idx, _NODE.c.hash).outerjoin(_NODE, _LAST).order_by(_ENTRY.c.idx.desc()).limit(1)
_SIGNED = select(_CHECKPOINT.c.size, _CHECKPOINT.c.root, _CHECKPOINT.c.note)
_LATEST = _SIGNED.order_by(_CHECKPOINT.c.size.desc()).limit(1)
_OF_SIZE = _SIGNED.where(_CHECKPOINT.c.size == bindparam("of_size"))
_DATA = select(_ENTRY.c.data).where(_ENTRY.c.idx == bindparam("of_index"))
_COSIGNED = (
    select(CosignatureRow.name, CosignatureRow.key_id, CosignatureRow.signature)
    .where(CosignatureRow.size == bindparam("of_size"))
    .order_by(CosignatureRow.name, CosignatureRow.key_id)
)
_ADD_CHECKPOINT = insert(_CHECKPOINT)
_ADD_ENTRY = "INSERT INTO log_entry (idx, data) VALUES (?, ?)"
_ADD_NODE = "INSERT INTO log_node (level, idx, hash) VALUES (?, ?, ?)"
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_ADVISORY_LOCK = 0x636F756E74657231  # "counter1": one log for a database, so one key for its lock
_Values = tuple[int, ...] | list[tuple[Any, ...]]


@lru_cache(maxsize=256)
def _nodes_statement(count: int) -> str:
    wanted = " OR ".join(["(level = ? AND idx = ?)"] * count)
    return f"SELECT level, idx, hash FROM log_node WHERE {wanted}"  # noqa: S608 - nothing but marks


class SqlLogStorage:
    """`registry.log.log.LogStorage` over one session, or over a connection without the cost of one."""

    def __init__(self, session: Session | Connection, origin: str) -> None:
        self._session = session
        self._origin = origin

    def _connection(self) -> Connection:
        return self._session.connection() if isinstance(self._session, Session) else self._session

    def lock(self) -> None:
        """On SQLite a writing unit's BEGIN IMMEDIATE has locked out every other writer already."""
        connection = self._connection()
        if connection.dialect.name == "postgresql":
            connection.execute(_LOCK, {"key": _ADVISORY_LOCK})

    def size(self) -> int:
        """Number of entries: one more than the last index, since the table has no gaps."""
        return self._session.scalar(select(func.coalesce(func.max(_ENTRY.c.idx) + 1, 0))) or 0

    def tip(self) -> tuple[int, bytes | None]:
        """Number of entries, and the hash of the last one as a leaf. Raises NodeTampered if that hash is missing."""
        row = self._connection().execute(_TIP).first()
        if row is None:
            return 0, None
        if row.hash is None:
            raise NodeTampered(f"the log lacks the hash of its last entry, {row.idx}; run the audit")
        return row.idx + 1, row.hash

    def entry(self, index: int) -> bytes | None:
        """The entry's bytes, None beyond the end."""
        return self._connection().execute(_DATA, {"of_index": index}).scalar()

    def nodes(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        """Stored subtree hashes; raises NodeTampered when one is missing."""
        if not nodes:
            return {}
        values = tuple(value for node in nodes for value in (node.level, node.number))
        rows = self._driver(_nodes_statement(len(nodes)), values)
        found = {Node(level, number): value for level, number, value in rows}
        missing = set(nodes) - set(found)
        if missing:
            raise NodeTampered(f"the log lacks the stored subtrees {sorted(missing)}; run the audit")
        return found

    def append(self, index: int, data: Sequence[bytes], completed: Sequence[tuple[Node, bytes]]) -> None:
        """Store entries from an index on, and the subtrees that they complete."""
        if data:
            self._driver(_ADD_ENTRY, list(enumerate(data, index)))
            self._driver(_ADD_NODE, [(node.level, node.number, value) for node, value in completed])

    def _driver(self, statement: str, values: _Values) -> CursorResult[*tuple[Any, ...]]:
        """Past SQLAlchemy's statements: building an expression or a dictionary for each row costs more than the row."""
        connection = self._connection()
        marked = statement if connection.dialect.paramstyle == "qmark" else statement.replace("?", "%s")
        return connection.exec_driver_sql(marked, values)

    def latest(self) -> Checkpoint | None:
        """The newest signed checkpoint."""
        return self._checkpoint(_LATEST, {})

    def checkpoint(self, size: int) -> Checkpoint | None:
        """The checkpoint of that size, as it was signed."""
        return self._checkpoint(_OF_SIZE, {"of_size": size})

    def add_checkpoint(self, checkpoint: Checkpoint, signed_at: datetime) -> None:
        """Store a signed checkpoint."""
        values = {"size": checkpoint.size, "root": checkpoint.root, "note": checkpoint.note, "signed_at": signed_at}
        self._connection().execute(_ADD_CHECKPOINT, [values])

    def entries(self, low: int, high: int) -> Sequence[bytes]:
        """Entries low <= i < high."""
        span = select(LogEntryRow.data).where(LogEntryRow.idx >= low, LogEntryRow.idx < high)
        return self._session.scalars(span.order_by(LogEntryRow.idx)).all()

    def cosignatures(self, size: int) -> Sequence[Signature]:
        """Cosignatures of the checkpoint of that size, in the order of their names."""
        rows = self._connection().execute(_COSIGNED, {"of_size": size})
        return [Signature(name=row.name, key_id=bytes.fromhex(row.key_id), payload=row.signature) for row in rows]

    def add_cosignatures(self, size: int, signatures: Sequence[Signature], obtained_at: datetime) -> None:
        """Store cosignatures of a checkpoint, unless the cosigner's is there already."""
        present = {(each.name, each.key_id) for each in self.cosignatures(size)}
        for each in signatures:
            if (each.name, each.key_id) not in present:
                row = {"size": size, "name": each.name, "key_id": each.key_id.hex(), "signature": each.payload}
                self._session.execute(insert(CosignatureRow), [{**row, "obtained_at": obtained_at}])

    def add_timestamp(self, size: int, token: bytes, stamped_at: datetime, obtained_at: datetime) -> None:
        """Store a time stamp of the checkpoint of that size."""
        row = {"size": size, "token_digest": canonical.digest(token), "token": token}
        self._session.execute(insert(TimeStampRow), [{**row, "stamped_at": stamped_at, "obtained_at": obtained_at}])

    def timestamps(self, index: int, limit: int) -> Sequence[TimeStamp]:
        """Time stamps of checkpoints that hold the entry at an index, by the time that they state."""
        columns = select(CheckpointRow, TimeStampRow).join(TimeStampRow, TimeStampRow.size == CheckpointRow.size)
        dated = columns.where(TimeStampRow.size > index).order_by(TimeStampRow.stamped_at, TimeStampRow.size)
        return [
            TimeStamp(checkpoint=self._signed(row), stamped_at=stamp.stamped_at, token=stamp.token)
            for row, stamp in self._session.execute(dated.limit(limit))
        ]

    def _checkpoint(self, statement: Select[*tuple[Any, ...]], values: dict[str, int]) -> Checkpoint | None:
        row = self._connection().execute(statement, values).first()
        return None if row is None else self._signed(row)

    def _signed(self, row: Any) -> Checkpoint:
        return Checkpoint(origin=self._origin, size=row.size, root=row.root, note=row.note)

    def last_cosigned(self, name: str, key_id: bytes) -> int:
        """Size of the largest checkpoint that a cosigner cosigned, 0 if none."""
        mine = CosignatureRow.name == name, CosignatureRow.key_id == key_id.hex()
        return self._session.scalar(select(func.max(CosignatureRow.size)).where(*mine)) or 0
