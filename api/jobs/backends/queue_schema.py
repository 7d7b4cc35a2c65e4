"""Procrastinate's own tables, in a schema of PostgreSQL of their own beside the registry's tables.

They hold nothing that cannot be found again: which job may go on, which is in the registry's tables. So an upgrade to a
Procrastinate with other tables makes them anew instead of changing them, and workers fill them again.
"""

import hashlib
from urllib.parse import urlsplit, urlunsplit

import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql

from api.jobs.errors import JobsUnusable

SCHEMA = "countermark_queue"
RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
_SCHEMA = sql.Identifier(SCHEMA)
_UPGRADE = "run as the tables' owner: countermark database upgrade, with COUNTERMARK_JOBS=procrastinate"
_MADE_FROM = "SELECT obj_description(oid) FROM pg_namespace WHERE nspname = %s"


def conninfo(url: str) -> str:
    """A registry's URL as PostgreSQL's own library reads it.

    Example:
        >>> conninfo("postgresql+psycopg://me@db.example/registry?sslmode=require")
        'postgresql://me@db.example/registry?sslmode=require'
    """
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql"))


def prepare(url: str) -> bool:
    """Make the queue's tables, unless they are those of this Procrastinate; whether they were made.

    Run by the tables' owner while no worker runs. Jobs lose nothing.
    """
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (SCHEMA,))
        if _made_from(connection) == _digest():
            return False
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(_SCHEMA))
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(_SCHEMA))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(_SCHEMA))
        connection.execute(sql.SQL(SchemaManager.get_schema()))
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(_SCHEMA, sql.Literal(_digest())))
    return True


def require(url: str) -> None:
    """Make sure that the queue's tables are those of this Procrastinate.

    Raises:
        JobsUnusable: they are not there, or another version's.
    """
    with psycopg.connect(conninfo(url)) as connection:
        found = _made_from(connection)
    if found is None:
        raise JobsUnusable(f"the database has no queue for jobs yet; {_UPGRADE}")
    if found != _digest():
        raise JobsUnusable(
            f"the database's queue for jobs is another Procrastinate's; stop the workers, then {_UPGRADE}"
        )


def grant(url: str, role: str) -> dict[str, str]:
    """Give the service's role what it needs of the queue, if there is one; the rights by table."""
    with psycopg.connect(conninfo(url)) as connection:
        if _made_from(connection) is None:
            return {}
        to = sql.SQL(" TO {}").format(sql.Identifier(role))
        for given in (
            sql.SQL("GRANT USAGE ON SCHEMA {}").format(_SCHEMA),
            sql.SQL("GRANT {} ON ALL TABLES IN SCHEMA {}").format(sql.SQL(RIGHTS), _SCHEMA),
            sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {}").format(_SCHEMA),
        ):
            connection.execute(given + to)
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (SCHEMA,))
        return {f"{SCHEMA}.{table}": RIGHTS for (table,) in tables}


def _made_from(connection: psycopg.Connection) -> str | None:
    """What the tables were made from; None where there are none."""
    row = connection.execute(_MADE_FROM, (SCHEMA,)).fetchone()
    return None if row is None else row[0] or ""


def _digest() -> str:
    return "sha256:" + hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()
