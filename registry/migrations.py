"""Running the migrations of the top-level folder `alembic/`, without an ini file.

A connection is passed in, so that the same code migrates SQLite and PostgreSQL, and a test can do it in a transaction.
Which one it is Alembic keeps in the process, not in the thread: so threads that migrate take turns.
"""

import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from alembic import command
from registry.errors import StoreError

_TURNS = threading.Lock()
_PLACES = (Path(__file__).resolve().parents[1] / "alembic", Path(sys.prefix) / "share" / "countermark" / "alembic")


def config(connection: Any = None) -> Config:
    """Alembic's configuration, over a connection of SQLAlchemy.

    Raises:
        StoreError: the folder with the migrations is not where it should be.
    """
    for place in _PLACES:
        if (place / "env.py").is_file():
            made = Config()
            made.set_main_option("script_location", str(place).replace("%", "%%"))
            made.attributes["connection"] = connection
            return made
    raise StoreError(f"the migrations are in none of {', '.join(map(str, _PLACES))}; install the service again")


@cache
def head() -> str:
    """The revision that this code expects. Two heads would be two histories; a test says there is one."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:
        raise StoreError("there are no migrations; install the service again")
    return revision


def current(connection: Any) -> str | None:
    """The revision that the database is at, None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Any, revision: str = "head") -> None:
    """Bring the database to a later revision, within the connection's transaction."""
    with _TURNS:
        command.upgrade(config(connection), revision)


def downgrade(connection: Any, revision: str) -> None:
    """Bring the database back to an earlier revision, within the connection's transaction."""
    with _TURNS:
        command.downgrade(config(connection), revision)
