"""Proof of possession: devices' public keys, re-enrolments, challenges, and what their answers showed.

Devices that were enrolled before have no public key; going back destroys re-enrolments, challenges and their outcomes,
whose log entries stay.

Revision ID: 0009
Revises: 0008
"""

from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID, DIGEST, TIME = sa.String(32), sa.String(71), sa.DateTime(timezone=True)
INDEX = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = "tenant_id = NEW.tenant_id AND challenge_pk = NEW.challenge_pk OR entry_index = NEW.entry_index"


def upgrade() -> None:
    op.add_column("device", _column("possession_key", sa.LargeBinary(), null=True))
    op.add_column("device", _column("possession_digest", DIGEST, null=True))
    _create_reenrolments()
    _create_challenges()
    _create_possessions()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        op.execute(
            "CREATE TRIGGER possession_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON possession"
            " FOR EACH STATEMENT EXECUTE FUNCTION countermark_refuse()"
        )


def downgrade() -> None:
    for table in ("possession", "challenge", "reenrolment"):
        op.drop_table(table)
    for column in ("possession_digest", "possession_key"):
        op.drop_column("device", column)


def _column(name: str, kind: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _belonging(table: str, column: str, target: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    """To a tenant, and to one of that tenant's rows."""
    return (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=f"fk_{table}_tenant_id_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], name=f"fk_{table}_tenant_id_{target}"
        ),
    )


def _entry(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["log_entry.idx"], name=f"fk_{table}_{column}_log_entry")


def _create_reenrolments() -> None:
    op.create_table(
        "reenrolment",
        _column("tenant_id", ID),
        _column("device_pk", ID),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        _column("helper_data", sa.LargeBinary()),
        _column("helper_digest", DIGEST),
        _column("identity", sa.String(128)),
        _column("possession_key", sa.LargeBinary(), null=True),
        _column("possession_digest", DIGEST, null=True),
        _column("reenrolled_at", TIME),
        _column("entry_index", INDEX),
        *_belonging("reenrolment", "device_pk", "device"),
        _entry("reenrolment", "entry_index"),
        sa.PrimaryKeyConstraint("tenant_id", "device_pk", "generation", name="pk_reenrolment"),
        sa.UniqueConstraint("entry_index", name="uq_reenrolment_entry_index"),
    )


def _create_challenges() -> None:
    op.create_table(
        "challenge",
        _column("tenant_id", ID),
        _column("id", ID),
        _column("device_pk", ID),
        _column("message", sa.LargeBinary()),
        _column("opened_at", TIME),
        _column("expires_at", TIME),
        _column("used_at", TIME, null=True),
        _column("public_key", sa.LargeBinary(), null=True),
        _column("signature", sa.LargeBinary(), null=True),
        sa.CheckConstraint(
            "(public_key IS NULL) = (signature IS NULL) AND (signature IS NULL OR used_at IS NOT NULL)",
            name=op.f("ck_challenge_answered_whole"),
        ),
        *_belonging("challenge", "device_pk", "device"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_challenge"),
    )
    op.create_index("ix_challenge_tenant_id_device_pk", "challenge", ["tenant_id", "device_pk"])


def _create_possessions() -> None:
    op.create_table(
        "possession",
        _column("tenant_id", ID),
        _column("challenge_pk", ID),
        _column("challenge_digest", DIGEST),
        _column("key_digest", DIGEST),
        _column("signature_digest", DIGEST),
        _column("outcome", sa.String(20)),
        _column("enrolment_index", INDEX),
        _column("recorded_at", TIME),
        _column("entry_index", INDEX),
        *_belonging("possession", "challenge_pk", "challenge"),
        _entry("possession", "enrolment_index"),
        _entry("possession", "entry_index"),
        sa.PrimaryKeyConstraint("tenant_id", "challenge_pk", name="pk_possession"),
        sa.UniqueConstraint("entry_index", name="uq_possession_entry_index"),
        sqlite_with_rowid=False,
    )


def _guard_sqlite() -> None:
    body = "BEGIN SELECT RAISE(ABORT, 'possession is append-only'); END"
    op.execute(f"CREATE TRIGGER possession_no_update BEFORE UPDATE ON possession {body}")
    op.execute(f"CREATE TRIGGER possession_no_delete BEFORE DELETE ON possession {body}")
    conflict = f"EXISTS (SELECT 1 FROM possession WHERE {KEY})"  # noqa: S608 - ours
    op.execute(f"CREATE TRIGGER possession_no_replace BEFORE INSERT ON possession WHEN {conflict} {body}")
