"""The rights of the service's own role on PostgreSQL: it may do what the use-cases do, and cannot undo the guards.

| table | rights |
|---|---|
| append-only ones | SELECT, INSERT |
| `api_key`, `done_request` | SELECT, INSERT, UPDATE, DELETE |
| the others | SELECT, INSERT, UPDATE |
| `alembic_version` | SELECT |

Triggers already refuse UPDATE, DELETE and TRUNCATE on append-only tables; but whoever owns a table can drop them. The
role owns nothing, so it can neither drop nor alter a table, trigger or function. Migrations run as the owner.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from registry.errors import StoreError, UnknownRole

_GUARDED = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%\\_append\\_only'"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
_DELETABLE = {"api_key", "done_request"}


def grant(session: Session, role: str) -> dict[str, str]:
    """Give a role these rights on every table of the registry, and take any others away; the rights by table.

    Raises:
        StoreError: not on PostgreSQL.
        UnknownRole: the server has no such role.
    """
    if session.get_bind().dialect.name != "postgresql":
        raise StoreError("SQLite has no roles: whoever can write the file can change it, and the audit finds it")
    if session.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is None:
        raise UnknownRole(f"the server has no role '{role}'; make it first: CREATE ROLE ... LOGIN")
    guarded = set(session.scalars(text(_GUARDED)))
    rights = {table: _rights(table, guarded) for table in sorted(session.scalars(text(_TABLES)))}
    quote = session.get_bind().dialect.identifier_preparer.quote_identifier
    for table, given in rights.items():
        session.execute(text(f"REVOKE ALL ON {quote(table)} FROM {quote(role)}"))
        session.execute(text(f"GRANT {given} ON {quote(table)} TO {quote(role)}"))
    return rights


def _rights(table: str, guarded: set[str]) -> str:
    if table == "alembic_version":
        return "SELECT"
    if table in guarded:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE, DELETE" if table in _DELETABLE else "SELECT, INSERT, UPDATE"
