"""Runs migrations over the connection that `registry.migrations` passes in, inside its transaction."""

from alembic import context
from registry.models import Base


def run() -> None:
    """Run what alembic asked for."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        message = "migrations run over a connection given to registry.migrations; use `countermark init`, or the store"
        raise RuntimeError(message)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",  # SQLite cannot alter most of a table in place
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
