"""The registry: tenants, keys, devices, releases, copies, cases, verdicts and the log, its tables append-only.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID, DIGEST, NAME, TIME = sa.String(32), sa.String(71), sa.String(200), sa.DateTime(timezone=True)
INDEX = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What each append-only table's keys are: INSERT OR REPLACE on SQLite deletes the rows it conflicts with, unseen by a
# DELETE trigger, so its guard looks for a conflict on any key. Of `log_entry` it demands the next index, which is both.
KEYS = {
    "log_node": "level = NEW.level AND idx = NEW.idx",
    "checkpoint": "size = NEW.size",
    "verification": "tenant_id = NEW.tenant_id AND case_pk = NEW.case_pk OR entry_index = NEW.entry_index",
}
APPEND_ONLY = ("log_entry", *KEYS)
NEXT_ENTRY = "(SELECT coalesce(max(idx) + 1, 0) FROM log_entry)"


def upgrade() -> None:
    _create_log()
    _create_access()
    _create_devices()
    _create_releases()
    _create_copies()
    _create_cases()
    _guard_sqlite() if op.get_bind().dialect.name == "sqlite" else _guard_postgresql()


def downgrade() -> None:
    for table in ("verification", "investigation", "copy", "release", "device", "api_key", "tenant", "pepper"):
        op.drop_table(table)
    for table in ("log_node", "log_entry", "checkpoint"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION countermark_refuse()")
        op.execute("DROP FUNCTION countermark_next_entry()")


def _column(name: str, kind: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _entry(table: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], ["log_entry.idx"], name=f"fk_{table}_{name}_log_entry")


def _tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=f"fk_{table}_tenant_id_tenant")


def _within_tenant(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    targets = [f"{target}.tenant_id", f"{target}.id"]
    return sa.ForeignKeyConstraint(["tenant_id", column], targets, name=f"fk_{table}_tenant_id_{target}")


def _primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _create_log() -> None:
    op.create_table(
        "log_entry",
        sa.Column("idx", INDEX, autoincrement=False, nullable=False),
        _column("data", sa.LargeBinary()),
        _primary("log_entry", "idx"),
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", INDEX, autoincrement=False, nullable=False),
        _column("hash", sa.LargeBinary()),
        _primary("log_node", "level", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", INDEX, autoincrement=False, nullable=False),
        _column("root", sa.LargeBinary()),
        _column("note", sa.Text()),
        _column("signed_at", TIME),
        _primary("checkpoint", "size"),
    )


def _create_access() -> None:
    op.create_table(
        "pepper",
        _column("id", ID),
        _column("data_key", sa.LargeBinary()),
        _column("secret", sa.LargeBinary()),
        _column("created_at", TIME),
        _column("retired_at", TIME, null=True),
        _primary("pepper", "id"),
    )
    op.create_table(
        "tenant",
        _column("id", ID),
        _column("name", NAME),
        _column("created_at", TIME),
        _primary("tenant", "id"),
        _unique("tenant", "name"),
    )
    op.create_table(
        "api_key",
        _column("tenant_id", ID),
        _column("id", ID),
        _column("name", NAME),
        _column("scopes", NAME),
        _column("token_hash", NAME),
        _column("created_at", TIME),
        _column("expires_at", TIME, null=True),
        _column("revoked_at", TIME, null=True),
        _tenant("api_key"),
        _primary("api_key", "tenant_id", "id"),
        _unique("api_key", "tenant_id", "name"),
        _unique("api_key", "token_hash"),
    )


def _create_devices() -> None:
    op.create_table(
        "device",
        _column("tenant_id", ID),
        _column("id", ID),
        _column("name", NAME),
        _column("salt", sa.LargeBinary()),
        _column("helper_data", sa.LargeBinary()),
        _column("helper_digest", DIGEST),
        _column("identity", sa.String(128)),
        _column("key_commitment", sa.String(80)),
        _column("data_key", sa.LargeBinary(), null=True),
        _column("codeword_key", sa.LargeBinary()),
        _column("enrolled_at", TIME),
        _column("revoked_at", TIME, null=True),
        _column("entry_index", INDEX),
        _column("revocation_index", INDEX, null=True),
        sa.CheckConstraint("(revoked_at IS NULL) = (revocation_index IS NULL)", name=op.f("ck_device_revoked_whole")),
        _entry("device", "entry_index"),
        _entry("device", "revocation_index"),
        _tenant("device"),
        _primary("device", "tenant_id", "id"),
        _unique("device", "entry_index"),
        _unique("device", "revocation_index"),
        _unique("device", "tenant_id", "name"),
    )


def _create_releases() -> None:
    op.create_table(
        "release",
        _column("tenant_id", ID),
        _column("id", ID),
        _column("name", NAME),
        _column("salt", sa.LargeBinary()),
        _column("release_id", DIGEST),
        _column("pack_digest", DIGEST),
        _column("pack_file", DIGEST),
        _column("data_key", sa.LargeBinary(), null=True),
        _column("commitment", sa.LargeBinary()),
        _column("commitment_digest", DIGEST),
        _column("alpha", sa.Float(53)),
        _column("bits", sa.Integer()),
        _column("committed_at", TIME),
        _column("entry_index", INDEX),
        _entry("release", "entry_index"),
        _tenant("release"),
        _primary("release", "tenant_id", "id"),
        _unique("release", "entry_index"),
        _unique("release", "tenant_id", "name"),
        _unique("release", "tenant_id", "release_id"),
    )


def _create_copies() -> None:
    whole = " AND ".join(
        f"(issued_at IS NULL) = ({name} IS NULL)" for name in ("issue_index", "artefact_digest", "method")
    )
    op.create_table(
        "copy",
        _column("tenant_id", ID),
        _column("id", ID),
        _column("release_pk", ID),
        _column("device_pk", ID),
        _column("nonce", sa.LargeBinary()),
        _column("codeword_commitment", sa.String(80)),
        _column("after", INDEX),
        _column("reserved_at", TIME),
        _column("reservation_index", INDEX),
        _column("artefact_digest", DIGEST, null=True),
        _column("method", sa.String(20), null=True),
        _column("issued_at", TIME, null=True),
        _column("issue_index", INDEX, null=True),
        sa.CheckConstraint(whole, name=op.f("ck_copy_issued_whole")),
        _entry("copy", "reservation_index"),
        _entry("copy", "issue_index"),
        _tenant("copy"),
        _within_tenant("copy", "release_pk", "release"),
        _within_tenant("copy", "device_pk", "device"),
        _primary("copy", "tenant_id", "id"),
        _unique("copy", "reservation_index"),
        _unique("copy", "issue_index"),
    )
    for columns in (["reservation_index"], ["release_pk", "reservation_index"], ["device_pk"], ["artefact_digest"]):
        op.create_index(f"ix_copy_tenant_id_{'_'.join(columns)}", "copy", ["tenant_id", *columns])


def _create_cases() -> None:
    op.create_table(
        "investigation",
        _column("tenant_id", ID),
        _column("id", ID),
        _column("release_pk", ID),
        _column("suspect", NAME),
        _column("salt", sa.LargeBinary()),
        _column("opened_at", TIME),
        _tenant("investigation"),
        _within_tenant("investigation", "release_pk", "release"),
        _primary("investigation", "tenant_id", "id"),
    )
    op.create_table(
        "verification",
        _column("tenant_id", ID),
        _column("case_pk", ID),
        _column("verdict", sa.LargeBinary()),
        _column("verdict_digest", DIGEST),
        _column("observation_digest", DIGEST),
        _column("recorded_at", TIME),
        _column("entry_index", INDEX),
        _entry("verification", "entry_index"),
        _tenant("verification"),
        _within_tenant("verification", "case_pk", "investigation"),
        _primary("verification", "tenant_id", "case_pk"),
        _unique("verification", "entry_index"),
        sqlite_with_rowid=False,
    )


def _guard_sqlite() -> None:
    """Triggers that refuse what is not an append; RAISE(ABORT) also undoes the statement that tried."""
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    conflicts = {table: f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for table, key in KEYS.items()}  # noqa: S608 - ours
    for table, conflict in {"log_entry": f"NEW.idx <> {NEXT_ENTRY}", **conflicts}.items():
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {conflict}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _guard_postgresql() -> None:
    """The same; PostgreSQL has no REPLACE, and TRUNCATE instead."""
    op.execute(
        "CREATE FUNCTION countermark_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE FUNCTION countermark_next_entry() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF NEW.idx <> {NEXT_ENTRY} THEN RAISE EXCEPTION 'log_entry is append-only'; END IF;"
        " RETURN NEW; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION countermark_refuse()"
        )
    op.execute(
        "CREATE TRIGGER log_entry_next BEFORE INSERT ON log_entry"
        " FOR EACH ROW EXECUTE FUNCTION countermark_next_entry()"
    )
