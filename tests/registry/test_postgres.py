"""What only a PostgreSQL server can show: its guards, its migrations, its locks, its killed clients."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from fingerprint.possession import public_key
from registry import migrations
from registry.database import driver
from registry.errors import DatabaseUnavailable, PossessionProofAltered, StoreExists
from registry.models import Base
from registry.proving import prove_possession
from registry.records import RecordedVerdict
from registry.repository.enrolling import TAKEN
from registry.store import Store, init_store, open_registry, upgrade_store
from tests.registry.append_only import TABLES

ON_POSTGRESQL = True
KEY = public_key(bytes(32))
WRITER = """
import sys
from pathlib import Path
from registry.store import open_registry
data, url, tenant, name, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
with open_registry(data, kek=bytes(range(32)), database_url=url) as store:
    for number in range(count):
        with store.unit() as registry:
            device = registry.enroll_device(
                tenant, f"{name} {number}", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32)
            )
        print(device.entry_index, flush=True)
"""


def test_the_whole_story(filled: Any, decided: RecordedVerdict) -> None:
    """Everything that can be recorded is, and the audit passes: forgetting, cosigning and rewrapping included."""
    store: Store = filled.store
    with store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 1")
        registry.forget_device(filled.tenant, "pump 2")
        registry.reenroll_device(filled.tenant, "pump 0", helper_data=b"h", identity="ab" * 32, possession_key=KEY)
        asked = registry.open_challenge(filled.tenant, "pump 0", purpose="a raid", seconds=60)
    with pytest.raises(PossessionProofAltered):
        prove_possession(store, filled.tenant, asked.id, public_key=KEY, signature=bytes(64))
    store.cosign()
    report = store.audit()
    assert report.entries == {
        "enrolment": 3,
        "commitment": 1,
        "reservation": 3,
        "issue": 1,
        "verdict": 1,
        "revocation": 1,
        "erasure": 1,
        "re-enrolment": 1,
        "possession": 1,
    }
    assert report.cosignatures == 1
    assert store.health().ready
    assert store.key_status().settled
    assert store.rewrap() == 0


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_the_past_cannot_be_changed(filled: Any, decided: RecordedVerdict, place: Any, table: str, verb: str) -> None:
    """UPDATE, DELETE and TRUNCATE are refused for every append-only table, full or empty."""
    column = (
        "entry_index"
        if table in {"verification", "erasure", "disposal", "possession"}
        else "idx"
        if "log" in table
        else "size"
    )
    engine = create_engine(place.url)
    with engine.connect() as raw, pytest.raises(DBAPIError, match="append-only"):
        raw.execute(text(verb.format(table, column)))
    engine.dispose()


@pytest.mark.parametrize("index", [0, 7, 9])
def test_entries_have_no_gap(filled: Any, place: Any, index: int) -> None:
    """An entry goes to the end of the log, which has eight, and nowhere else."""
    engine = create_engine(place.url)
    with engine.connect() as raw, pytest.raises(DBAPIError, match="append-only"):
        raw.execute(text("INSERT INTO log_entry (idx, data) VALUES (:index, '')"), {"index": index})
    engine.dispose()


def test_a_reading_unit_refuses_to_write(store: Store) -> None:
    """The server itself refuses writes in a reading unit."""
    with pytest.raises(DatabaseUnavailable, match="read-only"), store.reading() as registry:
        registry.create_tenant("acme")


def test_a_reading_unit_sees_one_state(store: Store, tenant: str, enrol: Callable[..., Any]) -> None:
    """What others write while a reading unit runs is not seen in it."""
    with store.reading() as registry:
        assert registry.devices(tenant).items == ()
        enrol(tenant, "late")
        assert registry.devices(tenant).items == ()
        assert registry.checkpoint().size == 0


def test_migrations_agree_go_down_and_up(place: Any) -> None:
    """Models and migrations agree on PostgreSQL, and every migration can be undone, with data, and done again."""
    engine = create_engine(place.url)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        migrations.downgrade(connection, "base")
        left = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'countermark%'"
        assert connection.execute(text(left)).scalar_one() == 0
        migrations.upgrade(connection)
        assert migrations.current(connection) == migrations.head()
    engine.dispose()


def test_initialising_twice_is_refused(place: Any, kek: bytes, tmp_path: Path) -> None:
    """A database that holds a registry is not initialised again, and upgrading it is harmless."""
    with pytest.raises(StoreExists):
        init_store(tmp_path / "other", kek=kek, database_url=place.url)
    upgrade_store(place.directory, database_url=place.url)


def test_threads_write_one_history(store: Store, tenant: str) -> None:
    """Four threads enrol at once: the log's lock gives every entry its own index, and names are taken once."""
    indices: list[int] = []
    refused: list[Exception] = []

    def write(name: str) -> None:
        for number in range(6):
            with store.unit() as registry:
                device = registry.enroll_device(
                    tenant, f"{name} {number}", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32)
                )
            indices.append(device.entry_index)
        try:
            with store.unit() as registry:
                registry.enroll_device(tenant, "the same", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
        except Exception as error:  # noqa: BLE001 - counted by the main thread
            refused.append(error)

    threads = [threading.Thread(target=write, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(indices)) == 24
    assert [type(error).__name__ for error in refused] == ["DuplicateName"] * 3
    assert store.audit().size == store.audit().published == 25


def test_killed_clients_lose_nothing(place: Any, tenant: str, kek: bytes) -> None:
    """Two client processes killed while they write: what they acknowledged is there, in one history."""
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place.directory), place.url, tenant, f"process {number}", "10000"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        for number in range(2)
    ]
    lines: list[str] = []
    for writer in writers:
        assert writer.stdout is not None
        lines += [writer.stdout.readline() for _ in range(3)]
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
    for writer in writers:
        with writer:
            assert writer.stdout is not None
            lines += writer.stdout.readlines()
    acknowledged = {int(line) for line in lines if line.endswith("\n")}
    with open_registry(place.directory, kek=kek, database_url=place.url) as again:
        report = again.audit()
    assert report.size == report.published >= len(acknowledged) >= 6
    assert max(acknowledged) < report.size


def test_a_taken_name_is_looked_up_and_not_searched_for(place: Any, filled: Any) -> None:
    """However few of a tenant's devices the planner believes in, each name is found by the index of names."""
    engine = create_engine(place.url)
    statement = f"EXPLAIN {TAKEN['postgresql'].compile(dialect=engine.dialect)}"
    with engine.connect() as connection:
        values = {"of_tenant": filled.tenant, "names": [f"pump {number}" for number in range(100)]}
        plan = [line for (line,) in driver(connection).execute(statement, values)]
    engine.dispose()
    assert [line for line in plan if "Index Cond" in line and "tenant_id" in line and "name" in line], plan


def test_a_read_only_default_is_honoured(place: Any, store: Store, tenant: str) -> None:
    """An operator makes the database read-only: whoever has it open is refused by one error, and goes on after."""
    name = urlsplit(place.url).path.lstrip("/")

    def enrol(device: str) -> None:
        with store.unit() as registry:
            registry.enroll_device(tenant, device, helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))

    def alter(change: str) -> None:
        """Change the database; new connections see it."""
        writing = {"options": "-c default_transaction_read_only=off"}
        admin = create_engine(place.url, isolation_level="AUTOCOMMIT", connect_args=writing)
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} {change}"))
        admin.dispose()
        store._database._engine.dispose()

    alter("SET default_transaction_read_only = on")
    for again in range(2):
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            enrol(f"refused {again}")
        with store.reading() as registry:
            assert registry.devices(tenant).items == ()
    alter("RESET default_transaction_read_only")
    enrol("after")
    assert store.audit().published == 1
