"""A case's jobs are found by an index: recording a verdict reads them under the log's lock.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INDEX = "ix_verification_job_tenant_id_case_pk"


def upgrade() -> None:
    op.create_index(INDEX, "verification_job", ["tenant_id", "case_pk"])


def downgrade() -> None:
    op.drop_index(INDEX, "verification_job")
