"""RFC 3161 time stamps of checkpoints; append-only.

Revision ID: 0005
Revises: 0003
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = "size = NEW.size AND token_digest = NEW.token_digest"


def upgrade() -> None:
    op.create_table(
        "time_stamp",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("token_digest", sa.String(71), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("obtained_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoint.size"], name="fk_time_stamp_size_checkpoint"),
        sa.PrimaryKeyConstraint("size", "token_digest", name="pk_time_stamp"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        op.execute(
            "CREATE TRIGGER time_stamp_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON time_stamp"
            " FOR EACH STATEMENT EXECUTE FUNCTION countermark_refuse()"
        )


def downgrade() -> None:
    op.drop_table("time_stamp")


def _guard_sqlite() -> None:
    body = "BEGIN SELECT RAISE(ABORT, 'time_stamp is append-only'); END"
    op.execute(f"CREATE TRIGGER time_stamp_no_update BEFORE UPDATE ON time_stamp {body}")
    op.execute(f"CREATE TRIGGER time_stamp_no_delete BEFORE DELETE ON time_stamp {body}")
    conflict = f"EXISTS (SELECT 1 FROM time_stamp WHERE {KEY})"  # noqa: S608 - ours
    op.execute(f"CREATE TRIGGER time_stamp_no_replace BEFORE INSERT ON time_stamp WHEN {conflict} {body}")
