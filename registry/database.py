"""The engine and its transactions, on SQLite and PostgreSQL.

SQLite: WAL, foreign keys on, every commit on the disk (`synchronous=FULL`), 30 s of patience. A writing transaction
starts with BEGIN IMMEDIATE: it waits its turn at the start and never fails halfway with a stale view. A reading one
has `query_only` on and sees one state of the database. What is deleted is overwritten (`secure_delete`), so that a
forgotten row leaves the file with the next checkpoint of the journal.
PostgreSQL: writers are READ COMMITTED and take the log's advisory lock; readers are REPEATABLE READ and READ ONLY.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from registry.errors import StoreError

__all__ = ["Database", "Session"]

FILE = "registry.db"
BUSY_SECONDS = 30
_READING = "countermark_reading"
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON")


class Database:
    """Transactions over one database; threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(**{_READING: True}, **_reading_options(engine))

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end and rolled back by an exception."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session whose transaction sees one state and refuses to write."""
        with Session(self._reader) as session, session.begin():
            yield session

    def reachable(self) -> bool:
        """Whether a transaction can begin."""
        try:
            with self.reading() as session:
                session.connection()
        except SQLAlchemyError:
            return False
        return True


@contextmanager
def connect(database_url: str | None, data_dir: Path) -> Iterator[Database]:
    """The database at the URL, or the one in the data directory; its connections are closed at the end.

    Raises:
        StoreError: not the URL of SQLite or of PostgreSQL by psycopg.
    """
    engine = create_engine(_url(database_url, data_dir))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        yield Database(engine)
    finally:
        engine.dispose()


def _url(database_url: str | None, data_dir: Path) -> URL:
    if database_url is None:
        return URL.create("sqlite", database=str(data_dir / FILE), query={"timeout": str(BUSY_SECONDS)})
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise StoreError("the database URL does not parse; use sqlite:///PATH or postgresql+psycopg://...") from error
    if url.drivername in {"postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return url.update_query_dict({"timeout": str(BUSY_SECONDS)})
    raise StoreError(f"no registry on {url.drivername}; use a SQLite file or postgresql+psycopg://...")


def _reading_options(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name != "postgresql":
        return {}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001 - the event's form
    connection.isolation_level = None  # BEGIN is sent by _begin_sqlite and by nothing else
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
