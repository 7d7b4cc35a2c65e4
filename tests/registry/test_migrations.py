"""Migrations: one history, up and down with data, and the tables that the models describe."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from registry import migrations
from registry.models import Base
from tests.registry.append_only import TABLES


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A transaction on an empty database."""
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with engine.begin() as found:
        yield found
    engine.dispose()


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    script = ScriptDirectory.from_config(migrations.config())
    return [each.revision for each in reversed(list(script.walk_revisions()))]


def test_one_head() -> None:
    """There is one newest revision, and one first one."""
    script = ScriptDirectory.from_config(migrations.config())
    assert script.get_heads() == [migrations.head()]
    assert script.get_bases() == revisions()[:1]


def test_models_and_migrations_agree(connection: Connection) -> None:
    """After all migrations the tables are those that the models describe, so nothing is left to generate."""
    migrations.upgrade(connection)
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, Base.metadata) == []
    assert migrations.current(connection) == migrations.head()


def test_checks_and_options_agree(connection: Connection) -> None:
    """What Alembic does not compare agrees as well: check constraints, and tables without a rowid."""
    migrations.upgrade(connection)
    found = inspect(connection)
    for table in Base.metadata.sorted_tables:
        named = {str(each.name) for each in table.constraints if each.name and str(each.name).startswith("ck_")}
        assert {each["name"] for each in found.get_check_constraints(table.name)} == named
        sql = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name})
        without = "WITHOUT ROWID" in str(sql.scalar_one())
        assert without == (table.dialect_options["sqlite"].get("with_rowid") is False)


def test_up_and_down_and_up(connection: Connection) -> None:
    """Each migration can be undone and done again, down to an empty database."""
    for revision in revisions():
        migrations.upgrade(connection, revision)
        migrations.downgrade(connection, "-1")
        migrations.upgrade(connection, revision)
    migrations.downgrade(connection, "base")
    left = connection.execute(text("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")).scalars().all()
    assert left == ["alembic_version"]
    assert migrations.current(connection) is None


def test_down_with_data(connection: Connection) -> None:
    """A filled log can be taken down: the guards fall with their tables."""
    migrations.upgrade(connection)
    connection.execute(text("INSERT INTO log_entry (idx, data) VALUES (0, x'00')"))
    migrations.downgrade(connection, "base")
    left = connection.execute(text("SELECT count(*) FROM sqlite_master WHERE name = 'log_entry'")).scalar()
    assert left == 0


def test_every_append_only_table_is_guarded(connection: Connection) -> None:
    """The append-only tables have three triggers each."""
    migrations.upgrade(connection)
    triggers = connection.execute(text("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")).all()
    wanted = {f"{table}_no_{verb}" for table in TABLES for verb in ("update", "delete", "replace")}
    assert {name for _, name in triggers} == wanted


def test_alembic_alone_says_what_to_do() -> None:
    """Without a connection the environment refuses and names the way."""
    with pytest.raises(RuntimeError, match="countermark init"):
        migrations.upgrade(None)
