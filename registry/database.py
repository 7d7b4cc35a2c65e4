"""The engine and its transactions, on SQLite and PostgreSQL.

SQLite: WAL, foreign keys on, every commit on the disk (`synchronous=FULL`), 30 s of patience. A writing transaction
starts with BEGIN IMMEDIATE: it waits its turn at the start and never fails halfway with a stale view. A reading one
has `query_only` on and sees one state of the database. What is deleted is overwritten (`secure_delete`), so that a
forgotten row leaves the file with the next checkpoint of the journal.
PostgreSQL: writers are READ COMMITTED and take the log's advisory lock; readers are REPEATABLE READ and READ ONLY.
Writers say nothing of READ WRITE, so that an operator can make the server or the database read-only by its default.

A writing transaction can be told not to wait for the disk (`unflushed`): `synchronous=NORMAL` in WAL mode,
`synchronous_commit=off`. Both databases write one journal in order, so it is lost only together with everything after.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session
from sqlalchemy.orm.session import JoinTransactionMode

from registry.errors import DatabaseUnavailable, StoreError

__all__ = ["Connection", "Database", "Scope", "Session", "Transaction", "driver", "together", "without_zone"]

FILE = "registry.db"
BUSY_SECONDS = 30
_READING, _UNFLUSHED = "countermark_reading", "countermark_unflushed"
_REFUSED = {"25006", "42501"}  # SQLSTATE: a read-only transaction; no right to it, or to a file
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON")


def driver(connection: Connection) -> Any:
    """The connection of the database's own driver: past SQLAlchemy, for what every unit runs."""
    return connection.connection.dbapi_connection


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Statements of the driver's that are sent without waiting for each other's answers, and done in their order.

    A server does each as if it had come alone: under READ COMMITTED it sees what was committed before it began. SQLite
    has nobody to wait for.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    with driver(connection).pipeline():
        yield


def without_zone(instant: datetime) -> str:
    """As SQLAlchemy stores an instant on SQLite, in UTC.

    Example:
        >>> without_zone(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
        '2026-11-24 08:00:00.000000'
    """
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class Scope:
    """Where a unit's queries go: a connection, and a session over it, begun when it is first asked for.

    A unit that enrols needs no session, and beginning and ending one costs as much as what it writes.

    Args:
        connection: within a transaction.
        mode: how a session joins that transaction.
        session: one that is begun already; whoever began it ends it.
    """

    def __init__(
        self, connection: Connection, mode: JoinTransactionMode = "rollback_only", session: Session | None = None
    ) -> None:
        self.connection = connection
        self._mode = mode
        self._given = session
        self._begun: Session | None = None

    @classmethod
    def of(cls, session: Session) -> "Scope":
        """A session's own connection, and the session."""
        return cls(session.connection(), session=session)

    @cached_property
    def session(self) -> Session:
        """The session, begun."""
        if self._given is not None:
            return self._given
        self._begun = Session(self.connection, join_transaction_mode=self._mode, expire_on_commit=False)
        self._begun.begin()
        return self._begun

    def end(self, *, kept: bool) -> None:
        """Write what the session holds, or undo it; nothing if none was begun."""
        if self._begun is not None:
            with self._begun as session:
                session.commit() if kept else session.rollback()


class Transaction:
    """One writing transaction for several units, one after another; threads may hand it on."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @contextmanager
    def scope(self, *, alone: bool) -> Iterator[Scope]:
        """A unit within the transaction. An exception undoes the unit: by a savepoint, or, if it is alone, whole.

        Raises:
            DatabaseUnavailable: the database gave the transaction up by itself, as SQLite does on a full disk.
        """
        with _translated(self.connection.engine), self._undone(alone=alone):
            scope = Scope(self.connection, "rollback_only" if alone else "create_savepoint")
            try:
                yield scope
            except BaseException:
                scope.end(kept=False)
                raise
            scope.end(kept=True)
            if not self.alive():
                raise DatabaseUnavailable("the database gave the transaction up; nothing of it was kept")

    @contextmanager
    def _undone(self, *, alone: bool) -> Iterator[None]:
        """A savepoint around a unit that is not alone; whoever owns the transaction undoes one that is."""
        if alone:
            yield
            return
        raw = driver(self.connection)
        raw.execute("SAVEPOINT unit")
        try:
            yield
        except BaseException:
            if self.alive(failed=True):
                raw.execute("ROLLBACK TO SAVEPOINT unit")
            raise
        raw.execute("RELEASE SAVEPOINT unit")

    def alive(self, *, failed: bool = False) -> bool:
        """Whether the transaction is still open: SQLite ends one by itself when the disk is full.

        Args:
            failed: a transaction of PostgreSQL that waits for a rollback to a savepoint is open too.
        """
        if self.connection.invalidated or not self.connection.in_transaction():
            return False
        raw = driver(self.connection)
        if self.connection.dialect.name == "sqlite":
            return bool(raw.in_transaction)
        return raw.info.transaction_status.name in (("INTRANS", "INERROR") if failed else ("INTRANS",))


class Database:
    """Transactions over one database; threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(**{_READING: True}, **_reading_options(engine))
        self._unflushed = engine.execution_options(**{_UNFLUSHED: True})

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A writing transaction, committed at the end and rolled back by an exception."""
        with _translated(self._engine), self._engine.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def unflushed(self) -> Iterator[Connection]:
        """A writing transaction whose commit does not wait for the disk."""
        with _translated(self._engine), self._unflushed.begin() as connection, together(connection):
            if connection.dialect.name == "postgresql":
                driver(connection).execute("SET LOCAL synchronous_commit TO OFF")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end and rolled back by an exception."""
        with _translated(self._engine), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session whose transaction sees one state and refuses to write."""
        with _translated(self._engine), Session(self._reader) as session, session.begin():
            yield session

    def reachable(self) -> bool:
        """Whether a transaction can begin."""
        try:
            with self.reading() as session:
                session.connection()
        except (SQLAlchemyError, DatabaseUnavailable):
            return False
        return True


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    """The database's own refusals, SQLAlchemy's or the driver's, as one error that says what to look at."""
    try:
        yield
    except NoConnection as error:
        raise DatabaseUnavailable(f"too many ask the database at once; ask again: {error}") from error
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        said = getattr(error, "orig", error)
        operational = isinstance(said, engine.dialect.loaded_dbapi.OperationalError)
        if not operational and getattr(said, "sqlstate", None) not in _REFUSED:
            raise
        raise DatabaseUnavailable(
            f"the database cannot be used: {said}; what was not committed is undone. Look at the disk's free space, at"
            " the rights to the data directory, and whether the server runs"
        ) from error


@contextmanager
def connect(database_url: str | None, data_dir: Path) -> Iterator[Database]:
    """The database at the URL, or the one in the data directory; its connections are closed at the end.

    Raises:
        StoreError: not the URL of SQLite or of PostgreSQL by psycopg.
    """
    url = _url(database_url, data_dir)
    engine = create_engine(url, **_writing_options(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "checkin", _by_default)
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


def _writing_options(url: URL) -> dict[str, Any]:
    """Whatever the server's default is: a view from before the log's lock was had would miss what it waited for."""
    return {"isolation_level": "READ COMMITTED"} if url.get_backend_name() == "postgresql" else {}


def _reading_options(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name != "postgresql":
        return {}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001 - the event's form
    connection.isolation_level = None  # BEGIN is sent by _begin_sqlite and by nothing else
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _by_default(connection: Any, record: Any) -> None:  # noqa: ARG001 - the event's form
    """Whether a transaction may write is the server's default again; after a reader it would be READ WRITE."""
    if connection is not None and not connection.closed:
        connection.read_only = None


def _begin_sqlite(connection: Connection) -> None:
    """Past SQLAlchemy's statements, which would cost as much as a small transaction itself."""
    options = connection.get_execution_options()
    reading, unflushed = options.get(_READING, False), options.get(_UNFLUSHED, False)
    raw: Any = connection.connection.dbapi_connection
    raw.execute(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    raw.execute(f"PRAGMA synchronous={'NORMAL' if unflushed else 'FULL'}")
    raw.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
