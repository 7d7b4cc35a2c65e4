"""The service's own role on PostgreSQL: it can do everything the service does, and cannot touch what guards the log."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from registry.errors import UnknownRole
from registry.records import RecordedVerdict, Scope
from registry.requests import Request
from registry.store import grant_access, open_registry
from registry.verification import verify_case

ON_POSTGRESQL = True
ROLE = 'the "service"'


@pytest.fixture
def role(place: Any) -> Iterator[str]:
    """The URL for a role that was granted access."""
    owner = create_engine(place.url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("""CREATE ROLE "the ""service\""" LOGIN"""))
        grant_access(place.directory, ROLE, database_url=place.url)
        yield owner.url.set(username=ROLE).render_as_string()
        connection.execute(text("""DROP OWNED BY "the ""service\""" """))
        connection.execute(text("""DROP ROLE "the ""service\""" """))
    owner.dispose()


def test_the_role_runs_the_service(
    filled: Any, decided: RecordedVerdict, role: str, place: Any, kek: bytes, answers: Any
) -> None:
    """Tenants, keys, devices, copies, verdicts, holds, forgetting, cosigning, rewrapping, audit."""
    with open_registry(place.directory, kek=kek, database_url=role) as store:
        with store.unit() as registry:
            registry.create_tenant("another")
            registry.revoke_api_key(filled.tenant, registry.create_api_key(filled.tenant, "k", {Scope.AUDIT}).id)
            hold = registry.place_hold(filled.tenant, "device", "pump 0", reason="Case 7")
            registry.lift_hold(filled.tenant, hold.id)
            registry.reserve_copy(filled.tenant, "v1", "pump 0")
            registry.issue_copy(
                filled.tenant, filled.reservations[1].copy_id, artefact_digest="sha256:" + "c" * 64, method="minted"
            )
            case = registry.open_case(filled.tenant, "v1", suspect="x").id
            registry.revoke_device(filled.tenant, "pump 2")
            registry.keep_answer(filled.tenant, Request(sender="k", key="k", fingerprint="f"), "answer")
        with store.unit() as registry:
            verify_case(registry, filled.tenant, case, kind="logits", answers=answers)
            registry.forget_device(filled.tenant, "pump 2")
            registry.apply_retention(filled.tenant, registry.device(filled.tenant, "pump 0").enrolled_at)
        store.cosign()
        store.rewrap()
        assert store.health().ready
        assert store.audit().entries["verdict"] == 2


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE log_entry CASCADE",
        "ALTER TABLE log_entry DISABLE TRIGGER ALL",
        "ALTER TABLE log_entry RENAME TO gone",
        "DROP TRIGGER log_entry_append_only ON log_entry",
        "CREATE TRIGGER another BEFORE INSERT ON log_entry FOR EACH ROW EXECUTE FUNCTION countermark_refuse()",
        "DROP FUNCTION countermark_refuse() CASCADE",
        "CREATE OR REPLACE FUNCTION countermark_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "TRUNCATE log_entry CASCADE",
        "UPDATE log_entry SET data = ''",
        "DELETE FROM checkpoint",
        "DELETE FROM verification",
        "DELETE FROM erasure",
        "DELETE FROM device",
        "UPDATE alembic_version SET version_num = '0000'",
        "ALTER TABLE log_entry OWNER TO CURRENT_USER",
    ],
)
def test_the_role_cannot_undo_the_guards(filled: Any, decided: RecordedVerdict, role: str, statement: str) -> None:
    """The server itself says no, before any trigger does."""
    service = create_engine(role)
    with service.connect() as raw, pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        raw.execute(text(statement))
    service.dispose()


def test_rights_are_given_again_after_a_change(filled: Any, role: str, place: Any) -> None:
    """What was added by hand is taken away."""
    owner = create_engine(place.url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("""GRANT ALL ON log_entry TO "the ""service\""" """))
    owner.dispose()
    rights = grant_access(place.directory, ROLE, database_url=place.url)
    assert rights["log_entry"] == rights["erasure"] == "SELECT, INSERT"
    assert rights["done_request"] == rights["api_key"] == "SELECT, INSERT, UPDATE, DELETE"
    assert rights["device"] == "SELECT, INSERT, UPDATE"
    service = create_engine(role)
    with service.connect() as raw, pytest.raises(DBAPIError, match="permission denied"):
        raw.execute(text("DELETE FROM log_entry"))
    service.dispose()


def test_an_unknown_role_is_said(place: Any) -> None:
    """Nothing is granted."""
    with pytest.raises(UnknownRole, match="CREATE ROLE"):
        grant_access(place.directory, "nobody at all", database_url=place.url)
