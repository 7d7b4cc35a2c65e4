"""Done requests: what was answered to a request that its sender gave a key, for a day.

Going back forgets them; what they did stays done.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "done_request",
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_done_request_tenant_id_tenant"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_done_request"),
    )
    op.create_index("ix_done_request_tenant_id_expires_at", "done_request", ["tenant_id", "expires_at"])


def downgrade() -> None:
    op.drop_table("done_request")
