"""The same rows by bare inserts: the database's own driver, the same tables without triggers.

Where the registry writes rows in a form that is quicker than the driver's `executemany` (arrays, on PostgreSQL), so
does the bare side.
"""

import itertools
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql import dialect as postgresql

from registry.database import BUSY_SECONDS, FILE
from registry.models import Base

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
"""Rows of one transaction, by table, in an order that the foreign keys allow."""
TABLES = ("log_entry", "log_node", "device", "checkpoint")
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON")
_ARRAYS = ("log_entry", "log_node", "device")  # on PostgreSQL
_WITHIN = {
    "log_entry": "idx >= {low} AND idx < {high}",
    "log_node": "((idx + 1) << level) > {low} AND ((idx + 1) << level) <= {high} AND idx < {high}",
    "device": "entry_index >= {low} AND entry_index < {high}",
    "checkpoint": "size > {low} AND size <= {high}",
}


class Bare(ABC):
    """A database that rows are read from or written to, past everything of the registry's."""

    mark: str

    @abstractmethod
    def query(self, statement: str) -> list[Row]:
        """Rows of a query."""

    @abstractmethod
    def write(self, statements: Sequence[tuple[str, list[Row]]]) -> None:
        """One transaction of inserts, flushed to the disk."""

    def transactions(self, sizes: Sequence[int]) -> list[Rows]:
        """The rows that the registry wrote between these sizes of its log, one transaction for each step."""
        return [{table: self._within(table, low, high) for table in TABLES} for low, high in itertools.pairwise(sizes)]

    def sizes(self, least: int) -> list[int]:
        """Sizes of the checkpoints from one on."""
        found = self.query(f"SELECT size FROM checkpoint WHERE size >= {least:d} ORDER BY size")  # noqa: S608 - a number
        return [size for (size,) in found]

    def _within(self, table: str, low: int, high: int) -> list[Row]:
        return self.query(f"SELECT * FROM {table} WHERE {_WITHIN[table].format(low=low, high=high)}")  # noqa: S608 - ours

    def insert(self, rows: Rows) -> None:
        """The rows of one transaction."""
        self.write([self.statement(table, found) for table, found in rows.items() if found])

    def statement(self, table: str, rows: list[Row]) -> tuple[str, list[Row]]:
        """What inserts rows, and its values."""
        marks = ", ".join([self.mark] * len(rows[0]))
        return f"INSERT INTO {table} VALUES ({marks})", rows  # noqa: S608 - ours


class Sqlite(Bare):
    """SQLite by the standard library's driver."""

    mark = "?"

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")

    def query(self, statement: str) -> list[Row]:
        """Rows of a query."""
        return self._connection.execute(statement).fetchall()

    def write(self, statements: Sequence[tuple[str, list[Row]]]) -> None:
        """One transaction of inserts."""
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, rows in statements:
            self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class Postgres(Bare):
    """PostgreSQL by psycopg."""

    mark = "%s"

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", "", 1))

    def query(self, statement: str) -> list[Row]:
        """Rows of a query."""
        with self._connection.transaction():
            return self._connection.execute(statement).fetchall()

    def statement(self, table: str, rows: list[Row]) -> tuple[str, list[Row]]:
        """What inserts rows, and its values: columns as arrays where the registry writes them so."""
        if table not in _ARRAYS or len(rows) == 1:
            return super().statement(table, rows)
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        kinds = [column.type.compile(dialect=postgresql()) for column in Base.metadata.tables[table].columns]
        arrays = ", ".join(f"%b::{kind}[]" for kind in kinds)
        return f"INSERT INTO {table} SELECT * FROM unnest({arrays})", [columns]  # noqa: S608 - ours

    def write(self, statements: Sequence[tuple[str, list[Row]]]) -> None:
        """One transaction of inserts."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for statement, rows in statements:
                if len(rows) == 1:
                    cursor.execute(statement, rows[0])
                else:
                    cursor.executemany(statement, rows)

    def close(self) -> None:
        """Close it."""
        self._connection.close()


@contextmanager
def opened(directory: Path, url: str | None) -> Iterator[Bare]:
    """The database of the registry in a directory."""
    found = Sqlite(directory / FILE) if url is None else Postgres(url)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def copied(directory: Path, url: str | None, tenant: Row) -> Iterator[Bare]:
    """An empty database of the same tables, keys and indexes, without triggers, and with one tenant."""
    directory.mkdir()
    engine = create_engine(url or f"sqlite:///{directory / FILE}")
    Base.metadata.create_all(engine)
    engine.dispose()
    with opened(directory, url) as found:
        found.insert({"tenant": [tenant]})
        yield found
