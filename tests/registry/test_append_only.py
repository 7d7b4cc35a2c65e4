"""The append-only tables refuse raw SQL that would change the past, by every way SQLite has."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.errors import PossessionProofAltered, StoreError
from registry.proving import prove_possession
from registry.store import grant_access
from tests.registry.append_only import TABLES

COLUMN = {
    "log_entry": "data",
    "log_node": "hash",
    "checkpoint": "note",
    "cosignature": "signature",
    "time_stamp": "token",
    "verification": "verdict",
    "erasure": "erased_at",
    "disposal": "disposed_at",
    "possession": "outcome",
}
REPLACED = {
    "log_entry": "INSERT OR REPLACE INTO log_entry (idx, data) VALUES (0, x'00')",
    "log_node": "INSERT OR REPLACE INTO log_node (level, idx, hash) VALUES (0, 0, x'00')",
    "checkpoint": "INSERT OR REPLACE INTO checkpoint (size, root, note, signed_at) VALUES (0, x'00', '', '2026-01-01')",
    "verification": (
        "INSERT OR REPLACE INTO verification SELECT tenant_id, case_pk, x'00', verdict_digest, observation_digest,"
        " recorded_at, entry_index FROM verification"
    ),
    "cosignature": (
        "INSERT OR REPLACE INTO cosignature SELECT size, name, key_id, x'00', obtained_at FROM cosignature"
    ),
    "time_stamp": (
        "INSERT OR REPLACE INTO time_stamp SELECT size, token_digest, x'00', stamped_at, obtained_at FROM time_stamp"
    ),
    "erasure": "INSERT OR REPLACE INTO erasure SELECT tenant_id, device_pk, '2030-01-01', entry_index FROM erasure",
    "disposal": "INSERT OR REPLACE INTO disposal SELECT tenant_id, case_pk, '2030-01-01', entry_index FROM disposal",
    "possession": (
        "INSERT OR REPLACE INTO possession SELECT tenant_id, challenge_pk, challenge_digest, key_digest,"
        " signature_digest, 'proven', enrolment_index, recorded_at, entry_index FROM possession"
    ),
}


@pytest.fixture
def raw(data_dir: Path, filled: Any, decided: object, tsa: str, clock: Any) -> Iterator[sqlite3.Connection]:
    """A raw connection to a registry that has a row in every table, as somebody with the file would open it."""
    with filled.store.unit() as registry:
        registry.forget_device(filled.tenant, "pump 2")
        clock.now += timedelta(days=400)
        registry.apply_retention(filled.tenant, clock.now)
        asked = registry.open_challenge(filled.tenant, "pump 0", purpose="a raid", seconds=60)
    with pytest.raises(PossessionProofAltered):
        prove_possession(filled.store, filled.tenant, asked.id, public_key=b"k" * 32, signature=bytes(64))
    filled.store.cosign()
    filled.store.stamp(tsa)
    with closing(sqlite3.connect(data_dir / "registry.db", isolation_level=None)) as connection:
        yield connection


def rows(raw: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """All rows of a table."""
    return raw.execute(f"SELECT * FROM {table}").fetchall()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "UPDATE OR REPLACE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_update_and_delete_are_refused(raw: sqlite3.Connection, table: str, verb: str) -> None:
    """UPDATE and DELETE abort, and change nothing."""
    column = COLUMN[table]
    before = rows(raw, table)
    assert before
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(verb.format(table, column))
    assert rows(raw, table) == before


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_replacement_is_refused(raw: sqlite3.Connection, table: str, recursive: str) -> None:
    """INSERT OR REPLACE aborts, whatever the connection's settings, and changes nothing."""
    raw.execute(f"PRAGMA recursive_triggers={recursive}")
    before = rows(raw, table)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(REPLACED[table])
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(REPLACED[table].replace("INSERT OR REPLACE", "REPLACE"))
    assert rows(raw, table) == before


def test_replacement_by_another_key_is_refused(raw: sqlite3.Connection) -> None:
    """A verdict cannot be pushed out by one for another case that claims its entry."""
    before = rows(raw, "verification")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(REPLACED["verification"].replace("case_pk", "'other'"))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(REPLACED["possession"].replace("challenge_pk", "'other'"))
    assert rows(raw, "verification") == before


@pytest.mark.parametrize("table", TABLES)
def test_replacement_by_hidden_rowid_is_refused(raw: sqlite3.Connection, table: str) -> None:
    """No table has a hidden rowid by which a row could be replaced unseen."""
    before = rows(raw, table)
    columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    statement = f"INSERT OR REPLACE INTO {table} (rowid, {', '.join(columns)}) SELECT rowid, * FROM {table} LIMIT 1"
    with pytest.raises((sqlite3.IntegrityError, sqlite3.OperationalError)):
        raw.execute(statement)
    assert rows(raw, table) == before


@pytest.mark.parametrize("table", TABLES)
def test_upsert_is_refused(raw: sqlite3.Connection, table: str) -> None:
    """An upsert aborts, whether it would update or do nothing, and changes nothing."""
    before = rows(raw, table)
    column = COLUMN[table]
    insert = REPLACED[table].replace("INSERT OR REPLACE", "INSERT")
    if "SELECT" in insert:
        insert += " WHERE true"
    for action in (f"DO UPDATE SET {column} = x'01'", "DO NOTHING"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(f"{insert} ON CONFLICT {action}")
    assert rows(raw, table) == before


@pytest.mark.parametrize("index", [-1, 0, 1000])
def test_entries_have_no_gap(raw: sqlite3.Connection, index: int) -> None:
    """An entry goes to the end of the log and nowhere else."""
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute("INSERT INTO log_entry (idx, data) VALUES (?, x'00')", (index,))


def test_roles_are_postgresqls(data_dir: Path) -> None:
    """A SQLite file has no roles to grant rights to, and that is said."""
    with pytest.raises(StoreError, match="audit"):
        grant_access(data_dir, "service")
