"""Erasures: devices whose data key, name and helper data were destroyed on purpose; append-only.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = "tenant_id = NEW.tenant_id AND device_pk = NEW.device_pk OR entry_index = NEW.entry_index"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("device_pk", sa.String(32), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_erasure_tenant_id_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "device_pk"], ["device.tenant_id", "device.id"], name="fk_erasure_tenant_id_device"
        ),
        sa.ForeignKeyConstraint(["entry_index"], ["log_entry.idx"], name="fk_erasure_entry_index_log_entry"),
        sa.PrimaryKeyConstraint("tenant_id", "device_pk", name="pk_erasure"),
        sa.UniqueConstraint("entry_index", name="uq_erasure_entry_index"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        op.execute(
            "CREATE TRIGGER erasure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure"
            " FOR EACH STATEMENT EXECUTE FUNCTION countermark_refuse()"
        )


def downgrade() -> None:
    op.drop_table("erasure")


def _guard_sqlite() -> None:
    body = "BEGIN SELECT RAISE(ABORT, 'erasure is append-only'); END"
    op.execute(f"CREATE TRIGGER erasure_no_update BEFORE UPDATE ON erasure {body}")
    op.execute(f"CREATE TRIGGER erasure_no_delete BEFORE DELETE ON erasure {body}")
    conflict = f"EXISTS (SELECT 1 FROM erasure WHERE {KEY})"  # noqa: S608 - ours
    op.execute(f"CREATE TRIGGER erasure_no_replace BEFORE INSERT ON erasure WHEN {conflict} {body}")
