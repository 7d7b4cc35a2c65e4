"""pytest-alembic's laws of migrations, and every migration up and down with a row in every table; on each database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pytest_alembic.config import Config
from pytest_alembic.plugin.fixtures import alembic_runner  # noqa: F401 - collected here; the plugin itself is off
from pytest_alembic.runner import MigrationContext
from pytest_alembic.tests import (  # noqa: F401 - collected here
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Connection, create_engine

from registry import migrations
from registry.models import Base

ON_EVERY_DATABASE = True

Rows = dict[str, list[dict[str, Any]]]

BY_TYPE = {
    sa.String: "a",
    sa.Integer: 0,
    sa.LargeBinary: b"a",
    sa.DateTime: datetime(2026, 11, 24, tzinfo=UTC),
    sa.Float: 0.5,
    sa.Boolean: False,
}
NEEDED = {"legal_hold": {"device_pk": "a"}}  # of columns that may be null, those that a constraint wants filled


@pytest.fixture
def alembic_config() -> Config:
    """The registry's own configuration."""
    return Config(alembic_config=migrations.config())


@pytest.fixture
def alembic_engine(engine: str, databases: Any, tmp_path: Path) -> Iterator[Connection]:
    """A transaction on an empty database, as a migration of the registry runs in one."""
    place = databases.new(tmp_path)
    made = create_engine(place.url or f"sqlite:///{tmp_path / 'registry.db'}")
    with made.connect() as connection, connection.begin():
        yield connection
    made.dispose()
    databases.drop(place)


def fill_empty_tables(connection: Connection) -> Rows:
    """One row in every table that has none, all rows referring to each other; every table's rows."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    rows: Rows = {}
    for table in metadata.sorted_tables:
        if table.name != "alembic_version":
            if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0:
                connection.execute(table.insert().values(row_of(table)))
            rows[table.name] = [dict(row) for row in connection.execute(table.select()).mappings()]
    return rows


def within(rows: Rows, older: Rows) -> Rows:
    """The rows, in the tables and columns that an older state had."""
    return {
        name: [{column: row[column] for column in before} for row, before in zip(rows[name], older[name], strict=True)]
        for name in older
    }


def row_of(table: sa.Table) -> dict[str, Any]:
    """The plainest row that the table takes."""
    values = {
        column.name: next(value for kind, value in BY_TYPE.items() if isinstance(column.type, kind))
        for column in table.columns
        if not column.nullable
    }
    return {**values, **NEEDED.get(table.name, {})}


def test_every_migration_keeps_the_rows_that_were_there(
    alembic_runner: MigrationContext,  # noqa: F811 - the fixture
    alembic_engine: Connection,
) -> None:
    """Up one by one, a row in every table as soon as it exists; down one by one, the older tables' rows untouched."""
    states: list[Rows] = [{}]
    while alembic_runner.migrate_up_one():
        rows = fill_empty_tables(alembic_engine)
        assert within(rows, states[-1]) == states[-1]
        states.append(rows)
    assert set(states[-1]) == set(Base.metadata.tables)
    for state in reversed(states[:-1]):
        alembic_runner.migrate_down_one()
        assert fill_empty_tables(alembic_engine) == state
