"""Cosignatures of checkpoints, by the log's second key and by witnesses; append-only.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = "size = NEW.size AND name = NEW.name AND key_id = NEW.key_id"


def upgrade() -> None:
    op.create_table(
        "cosignature",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("key_id", sa.String(8), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("obtained_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoint.size"], name="fk_cosignature_size_checkpoint"),
        sa.PrimaryKeyConstraint("size", "name", "key_id", name="pk_cosignature"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cosignature_name_key_id_size", "cosignature", ["name", "key_id", "size"])
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        op.execute(
            "CREATE TRIGGER cosignature_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignature"
            " FOR EACH STATEMENT EXECUTE FUNCTION countermark_refuse()"
        )


def downgrade() -> None:
    op.drop_table("cosignature")


def _guard_sqlite() -> None:
    body = "BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END"
    op.execute(f"CREATE TRIGGER cosignature_no_update BEFORE UPDATE ON cosignature {body}")
    op.execute(f"CREATE TRIGGER cosignature_no_delete BEFORE DELETE ON cosignature {body}")
    conflict = f"EXISTS (SELECT 1 FROM cosignature WHERE {KEY})"  # noqa: S608 - ours
    op.execute(f"CREATE TRIGGER cosignature_no_replace BEFORE INSERT ON cosignature WHEN {conflict} {body}")
