"""Durable jobs: verifications that the service carries out step by step, their steps and what happened to them.

Going back destroys them; what they decided stays.

Revision ID: 0012
Revises: 0009
"""

from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

ID, DIGEST, TIME = sa.String(32), sa.String(71), sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_jobs()
    _create_shards()
    op.create_table(
        "job_event",
        _column("tenant_id", ID),
        _column("job_pk", ID),
        _key("seq"),
        _column("name", sa.String(20)),
        _column("data", sa.Text()),
        _column("at", TIME),
        *_belonging("job_event", "job_pk", "verification_job"),
        sa.PrimaryKeyConstraint("tenant_id", "job_pk", "seq", name="pk_job_event"),
    )


def downgrade() -> None:
    for table in ("job_event", "job_shard", "verification_job"):
        op.drop_table(table)


def _create_jobs() -> None:
    counts = ("batch", "priority", "probes", "asked", "answered", "next", "failures")
    op.create_table(
        "verification_job",
        _column("tenant_id", ID),
        _column("id", ID),
        _column("case_pk", ID),
        _column("state", sa.String(20)),
        _column("suspect", sa.Text()),
        _column("probes_digest", DIGEST),
        _column("data_key", sa.LargeBinary(), null=True),
        _column("spec", sa.LargeBinary()),
        _column("credential", sa.LargeBinary(), null=True),
        _column("kind", sa.String(20), null=True),
        *(_column(name, sa.Integer()) for name in counts),
        _column("budget", sa.Integer(), null=True),
        _column("not_before", TIME),
        _column("failure", sa.Text(), null=True),
        _column("created_at", TIME),
        _column("ended_at", TIME, null=True),
        *_belonging("verification_job", "case_pk", "investigation"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_verification_job"),
    )
    op.create_index("ix_verification_job_state_not_before", "verification_job", ["state", "not_before"])


def _create_shards() -> None:
    op.create_table(
        "job_shard",
        _column("tenant_id", ID),
        _column("job_pk", ID),
        _key("seq"),
        *(_column(name, sa.Integer()) for name in ("start", "stop", "attempts")),
        _column("lease_owner", sa.String(80), null=True),
        _column("lease_expires_at", TIME, null=True),
        _column("answers", sa.LargeBinary(), null=True),
        _column("done_at", TIME, null=True),
        sa.CheckConstraint(
            "(lease_owner IS NULL) = (lease_expires_at IS NULL)", name=op.f("ck_job_shard_leased_whole")
        ),
        sa.CheckConstraint("done_at IS NULL OR lease_owner IS NULL", name=op.f("ck_job_shard_done_is_free")),
        *_belonging("job_shard", "job_pk", "verification_job"),
        sa.PrimaryKeyConstraint("tenant_id", "job_pk", "seq", name="pk_job_shard"),
    )


def _column(name: str, kind: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)


def _belonging(table: str, column: str, target: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    """To a tenant, and to one of that tenant's rows."""
    return (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=f"fk_{table}_tenant_id_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], name=f"fk_{table}_tenant_id_{target}"
        ),
    )
