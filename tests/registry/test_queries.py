"""Rules of queries that no linter knows: relationships never load by themselves, nobody commits but the unit."""

import ast
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import InvalidRequestError

from registry.models import Base, CopyRow
from tests.registry.tenancy import REGISTRY

ENDING = {"commit", "rollback", "begin", "begin_nested", "close", "expunge_all"}
ROOM = {"database.py"}  # the one place where transactions begin and end
DIGEST = "sha256:" + "b" * 64
FILES = sorted(Path(REGISTRY).rglob("*.py"))


def test_every_relationship_refuses_to_load_by_itself() -> None:
    """`lazy="raise"` on each; there are some."""
    found = [each for mapper in Base.registry.mappers for each in mapper.relationships]
    assert found
    assert [str(each) for each in found if each.lazy != "raise" or not each.viewonly] == []


def test_a_relationship_that_was_not_asked_for_is_refused(filled: Any) -> None:
    """An N + 1 is an error in the first test that meets it."""
    with filled.store.reading() as registry:
        session = registry._devices._tools.repository.copies._session
        row = session.scalars(select(CopyRow).where(CopyRow.tenant_id == filled.tenant)).first()
        with pytest.raises(InvalidRequestError, match="raise"):
            _ = row.device


def test_a_file_finds_its_copies_without_reading_the_others(filled: Any) -> None:
    """SQLite reads a page of them off one index, in order: neither a sort nor a walk through other files' copies."""
    asked: list[tuple[str, Any]] = []
    with filled.store.reading() as registry:
        connection = registry._copies._tools.repository.copies._session.connection()
        event.listen(connection, "before_cursor_execute", lambda _c, _u, said, given, *_: asked.append((said, given)))
        registry.copies_of_artefact(filled.tenant, DIGEST, after="0")
        ((said, given),) = asked
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", given)]
    assert "(tenant_id=? AND artefact_digest=? AND reservation_index>?)" in plan[0]
    assert all("SEARCH" in step for step in plan)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REGISTRY)))
def test_nobody_ends_a_transaction_but_the_unit_of_work(path: Path) -> None:
    """No use-case and no repository calls commit, rollback or the like on a session."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = {
        (ast.unparse(call.value), call.attr)
        for call in calls
        if isinstance(call, ast.Attribute) and "session" in ast.unparse(call.value)
    }
    assert path.name in ROOM or not {attr for _, attr in names} & ENDING
