"""What every enrolment runs, by the database's own driver: which names are taken, and the devices' rows.

SQLAlchemy writes the statements once; making one for each unit, or a dictionary for each row, costs more than the row.
A name is looked up in the index whatever the planner believes of a table that it has not counted yet: left to itself,
PostgreSQL would read all of a tenant's devices.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Connection, Dialect, Select, String, and_, bindparam, func, literal_column, select, true

from registry.database import driver, without_zone
from registry.models import Base

_DEVICE, _TENANT = (Base.metadata.tables[name] for name in ("device", "tenant"))
_MINE, _OF_TENANT = _DEVICE.c.tenant_id == bindparam("of_tenant"), _TENANT.c.id == bindparam("of_tenant")
COLUMNS = (
    "tenant_id",
    "id",
    "name",
    "salt",
    "helper_data",
    "helper_digest",
    "identity",
    "key_commitment",
    "data_key",
    "codeword_key",
    "possession_key",
    "possession_digest",
    "enrolled_at",
    "entry_index",
)
"""Of a device's row as it is enrolled."""


def _taken_on_sqlite() -> Select[Any]:
    wanted = func.json_each(bindparam("names")).table_valued("value")
    named = and_(_MINE, _DEVICE.c.name.in_(select(wanted.c.value)))
    return select(_DEVICE.c.name).select_from(_TENANT.outerjoin(_DEVICE, named)).where(_OF_TENANT)


def _taken_on_postgresql() -> Select[Any]:
    wanted = func.unnest(bindparam("names", type_=ARRAY(String))).table_valued("name").render_derived("wanted")
    named = select(_DEVICE.c.name).where(_MINE, _DEVICE.c.name == wanted.c.name)
    found = named.limit(literal_column("1")).lateral("found")
    each = _TENANT.outerjoin(wanted, true()).outerjoin(found, true())
    return select(found.c.name).select_from(each).where(_OF_TENANT)


TAKEN = {"sqlite": _taken_on_sqlite(), "postgresql": _taken_on_postgresql()}
"""By dialect: those of some names that a tenant's devices have, NULL for others; no row if there is no tenant."""


@lru_cache(maxsize=8)
def _taken(dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement, and the names of its values in their order, if it has marks instead of names."""
    written = TAKEN[dialect.name].compile(dialect=dialect)
    return str(written), tuple(written.positiontup or ())


@lru_cache(maxsize=8)
def _add(dialect: Dialect) -> str:
    columns = ", ".join(COLUMNS)
    if dialect.name == "sqlite":
        return f"INSERT INTO device ({columns}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our own names
    kinds = [_DEVICE.c[column].type.compile(dialect=dialect) for column in COLUMNS]
    arrays = ", ".join(f"%b::{kind}[]" for kind in kinds)
    return f"INSERT INTO device ({columns}) SELECT * FROM unnest({arrays})"  # noqa: S608 - our own names


def taken(connection: Connection, tenant: str, names: Sequence[str]) -> frozenset[str] | None:
    """Those of the names under which the tenant's devices are enrolled; None if there is no such tenant."""
    statement, order = _taken(connection.dialect)
    wanted = json.dumps(names) if connection.dialect.name == "sqlite" else list(names)
    values: dict[str, Any] = {"of_tenant": tenant, "names": wanted}
    sent = [values[name] for name in order] if order else values
    rows = driver(connection).execute(statement, sent).fetchall()
    return frozenset(found for (found,) in rows if found is not None) if rows else None


def add(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Store devices, each a row of `COLUMNS`."""
    if connection.dialect.name == "sqlite":
        sent = [(*row[:-2], without_zone(row[-2]), row[-1]) for row in rows]  # the time they were enrolled
        driver(connection).executemany(_add(connection.dialect), sent)
    elif rows:
        arrays = [list(column) for column in zip(*rows, strict=True)]
        driver(connection).execute(_add(connection.dialect), arrays)
