"""Writers that wait for each other on a server: whoever waited sees what it waited for, and adds to it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, text

from registry import migrations
from registry.database import connect
from registry.errors import DuplicateName, KeyInUse, StoreExists
from registry.keys.file import FileKeys
from registry.log.note import Note, Signature
from registry.log.storage import lock_log
from registry.store import Store, drop_old_keys, init_store, open_registry, upgrade_store

ON_POSTGRESQL = True
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def beside(place: Any) -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Begins some work in a thread, and returns when that waits for a lock of the database, or is done."""
    engine = create_engine(place.url)
    with ThreadPoolExecutor() as threads:

        def begun(work: Callable[[], Any]) -> Future[Any]:
            future = threads.submit(work)
            with engine.connect() as connection:
                while not (future.done() or connection.scalar(text(WAITING))):
                    os.sched_yield()
                    connection.rollback()
            return future

        yield begun
    engine.dispose()


@pytest.fixture
def repeatable(place: Any) -> None:
    """The operator has every transaction of the database see one state, unless it says otherwise."""
    engine = create_engine(place.url, isolation_level="AUTOCOMMIT")
    name = urlsplit(place.url).path.lstrip("/")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"))
    engine.dispose()


def enrol(store: Store, tenant: str, name: str) -> None:
    """A device, in a unit of its own."""
    with store.unit() as registry:
        registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))


Beside = Callable[[Callable[[], Any]], Future[Any]]
Opening = Callable[[], AbstractContextManager[Store]]


@contextmanager
def enrolling(store: Store, tenant: str, name: str) -> Iterator[None]:
    """A unit that has enrolled a device, and ends with the block."""
    with store.unit() as registry:
        registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
        yield


def test_whoever_waited_sees_what_it_waited_for(
    repeatable: None, store: Store, tenant: str, opening: Opening, beside: Beside
) -> None:
    """Whatever the database's default is, a writing unit begins with what was committed before it."""
    with opening() as other:
        with enrolling(store, tenant, "first"):
            waited = beside(lambda: enrol(other, tenant, "second"))
        waited.result(60)
        with enrolling(store, tenant, "third"):
            refused = beside(lambda: enrol(other, tenant, "third"))
        with pytest.raises(DuplicateName):
            refused.result(60)
    assert store.audit().size == 3


def test_two_who_cosign_at_once_both_succeed(store: Store, opening: Opening, beside: Beside) -> None:
    """The second one finds the first one's cosignature, and keeps it."""
    parts = store._parts
    with opening() as other:
        with store._database.writing() as session:
            checkpoint = parts.log(session).checkpoint()
            (cosigner,) = parts.log_keys.cosigners
            signature = cosigner.sign(Note.parse(checkpoint.note).text)
            made = Signature(name=cosigner.name, key_id=cosigner.key_id, payload=signature)
            parts.storage(session).add_cosignatures(checkpoint.size, [made], parts.clock())
            waited = beside(other.cosign)
        assert waited.result(60).checkpoint == store.cosign().checkpoint
    assert store.audit().cosignatures == 1


def test_two_who_upgrade_at_once_both_succeed(place: Any, beside: Beside) -> None:
    """The second one, as of two machines that start together, finds that there is nothing to do."""
    with connect(place.url, place.directory) as found:
        with found.writing() as session:
            migrations.downgrade(session.connection(), "-1")
        with found.writing() as session:
            lock_log(session.connection())
            migrations.upgrade(session.connection())
            waited = beside(lambda: upgrade_store(place.directory, database_url=place.url))
        waited.result(60)
    with open_registry(place.directory, kek=bytes(range(32)), database_url=place.url) as store:
        assert store.health().ready


def test_of_two_who_initialise_at_once_one_is_told(databases: Any, tmp_path: Path, beside: Beside) -> None:
    """The second one is refused as if it had come later."""
    new = databases.new(tmp_path / "new")
    with connect(new.url, new.directory) as found:
        with found.writing() as session:
            lock_log(session.connection())
            migrations.upgrade(session.connection())
            waited = beside(lambda: init_store(new.directory, database_url=new.url))
        with pytest.raises(StoreExists):
            waited.result(60)
    databases.drop(new)


def test_keys_are_not_destroyed_beside_a_unit_that_seals(databases: Any, tmp_path: Path, beside: Beside) -> None:
    """A row that is sealed and not committed yet counts: whoever destroys keys waits for it."""
    kept = databases.new(tmp_path / "kept")
    init_store(kept.directory, database_url=kept.url)
    with open_registry(kept.directory, database_url=kept.url) as running:
        with running.unit() as registry:
            tenant = registry.create_tenant("acme").id
        with enrolling(running, tenant, "pump"):
            FileKeys(kept.directory / "kek.key", os.urandom).rotate()
            with open_registry(kept.directory, database_url=kept.url, signing=False) as other:
                assert other.rewrap() == 1
            waited = beside(lambda: drop_old_keys(kept.directory, database_url=kept.url))
        with pytest.raises(KeyInUse):
            waited.result(60)
        assert running.audit().opened == 1
    databases.drop(kept)
