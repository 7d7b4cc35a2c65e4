"""Disposals: decided cases whose answers were destroyed on purpose; append-only.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = "tenant_id = NEW.tenant_id AND case_pk = NEW.case_pk OR entry_index = NEW.entry_index"


def upgrade() -> None:
    op.create_table(
        "disposal",
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("case_pk", sa.String(32), nullable=False),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_disposal_tenant_id_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "case_pk"],
            ["investigation.tenant_id", "investigation.id"],
            name="fk_disposal_tenant_id_investigation",
        ),
        sa.ForeignKeyConstraint(["entry_index"], ["log_entry.idx"], name="fk_disposal_entry_index_log_entry"),
        sa.PrimaryKeyConstraint("tenant_id", "case_pk", name="pk_disposal"),
        sa.UniqueConstraint("entry_index", name="uq_disposal_entry_index"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        op.execute(
            "CREATE TRIGGER disposal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disposal"
            " FOR EACH STATEMENT EXECUTE FUNCTION countermark_refuse()"
        )


def downgrade() -> None:
    op.drop_table("disposal")


def _guard_sqlite() -> None:
    body = "BEGIN SELECT RAISE(ABORT, 'disposal is append-only'); END"
    op.execute(f"CREATE TRIGGER disposal_no_update BEFORE UPDATE ON disposal {body}")
    op.execute(f"CREATE TRIGGER disposal_no_delete BEFORE DELETE ON disposal {body}")
    conflict = f"EXISTS (SELECT 1 FROM disposal WHERE {KEY})"  # noqa: S608 - ours
    op.execute(f"CREATE TRIGGER disposal_no_replace BEFORE INSERT ON disposal WHEN {conflict} {body}")
