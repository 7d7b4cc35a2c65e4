"""Types of columns and the root of the models, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase

from registry.errors import MalformedValue

ID = String(32)
DIGEST = String(71)
NAME = String(200)
INDEX = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER is an alias of SQLite's rowid


class UtcDateTime(TypeDecorator[datetime]):
    """An instant with microseconds; SQLite keeps it without its zone, which is always UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its form
        """The instant in UTC, refused if it has no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise MalformedValue(f"the time {value} has no zone; give an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its form
        """The instant, always aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Root of the models; constraints are named by rule, so that migrations can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, bytes: LargeBinary, float: Float(53)}  # noqa: RUF012 - SQLAlchemy's


def within_tenant(column: str, target: str) -> ForeignKeyConstraint:
    """A reference by tenant and id: none to another tenant's row."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"])
