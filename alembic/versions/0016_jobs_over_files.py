"""Jobs over a suspect that is a file: the digest of the sealed file, until the job has ended and it was removed.

Going back leaves the sealed files of such jobs where they are, unread.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verification_job", sa.Column("file", sa.String(71), nullable=True))


def downgrade() -> None:
    op.drop_column("verification_job", "file")
