"""Copies of one file are read page by page: the index by which they are found has them in order.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OLD = "ix_copy_tenant_id_artefact_digest"
NEW = "ix_copy_tenant_id_artefact_digest_reservation_index"


def upgrade() -> None:
    op.create_index(NEW, "copy", ["tenant_id", "artefact_digest", "reservation_index"])
    op.drop_index(OLD, "copy")


def downgrade() -> None:
    op.create_index(OLD, "copy", ["tenant_id", "artefact_digest"])
    op.drop_index(NEW, "copy")
