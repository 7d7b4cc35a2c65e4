"""Answers: what the suspect of a decided case answered, sealed; its data key can be destroyed.

Cases that were decided before have none; going back destroys them.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("file", sa.String(71), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_answers_tenant_id_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["investigation.tenant_id", "investigation.id"],
            name="fk_answers_tenant_id_investigation",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_answers"),
    )


def downgrade() -> None:
    op.drop_table("answers")
