"""Legal holds: what a device, copy or case is needed for, so that nothing it rests on is forgotten.

Revision ID: 0007
Revises: 0005
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HELD = ("device", "copy", "investigation")
ONE = (
    "(device_pk IS NOT NULL AND copy_pk IS NULL AND case_pk IS NULL)"
    " OR (device_pk IS NULL AND copy_pk IS NOT NULL AND case_pk IS NULL)"
    " OR (device_pk IS NULL AND copy_pk IS NULL AND case_pk IS NOT NULL)"
)


def upgrade() -> None:
    columns = dict(zip(("device_pk", "copy_pk", "case_pk"), HELD, strict=True))
    op.create_table(
        "legal_hold",
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        *(sa.Column(name, sa.String(32), nullable=True) for name in columns),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_index", INDEX, nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifting_index", INDEX, nullable=True),
        sa.CheckConstraint(ONE, name=op.f("ck_legal_hold_holds_one")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifting_index IS NULL)", name=op.f("ck_legal_hold_lifted_whole")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_legal_hold_tenant_id_tenant"),
        *(_within_tenant(name, target) for name, target in columns.items()),
        sa.ForeignKeyConstraint(["entry_index"], ["log_entry.idx"], name="fk_legal_hold_entry_index_log_entry"),
        sa.ForeignKeyConstraint(["lifting_index"], ["log_entry.idx"], name="fk_legal_hold_lifting_index_log_entry"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_legal_hold"),
        sa.UniqueConstraint("entry_index", name="uq_legal_hold_entry_index"),
        sa.UniqueConstraint("lifting_index", name="uq_legal_hold_lifting_index"),
    )
    op.create_index("ix_legal_hold_tenant_id_lifted_at", "legal_hold", ["tenant_id", "lifted_at"])


def downgrade() -> None:
    op.drop_table("legal_hold")


def _within_tenant(column: str, target: str) -> sa.ForeignKeyConstraint:
    targets = [f"{target}.tenant_id", f"{target}.id"]
    return sa.ForeignKeyConstraint(["tenant_id", column], targets, name=f"fk_legal_hold_tenant_id_{target}")
