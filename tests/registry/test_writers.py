"""Group commit: units of several threads share a transaction, fail alone, and are signed once; nothing is lost."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from registry.database import Database
from registry.errors import DatabaseUnavailable, DuplicateName, NotPublished, UnitInUnit
from registry.service import Registry
from registry.store import Store
from registry.writers import Writers

ON_EVERY_DATABASE = True


def enrol(registry: Registry, tenant: str, name: str) -> int:
    """Enrol a device within a unit."""
    made = registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
    return made.entry_index


Work = Callable[[Registry], Any]


class Threads:
    """Units in threads of their own, each begun while the one before still has its turn."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.errors: dict[int, BaseException] = {}

    def run(self, *works: Work) -> None:
        """Run the units, the first one ending when all others wait for their turn."""
        others = [threading.Thread(target=self._unit, args=(number, work)) for number, work in enumerate(works)]
        with self._last_of_all(others):
            for thread in others:
                thread.start()
        for thread in others:
            thread.join()

    @contextmanager
    def _last_of_all(self, others: list[threading.Thread]) -> Iterator[None]:
        writers = self._store._writers
        writers._turn.acquire()
        yield
        while len(writers._waiting) < len(others):
            time.sleep(0.001)
        writers._turn.release()

    def _unit(self, number: int, work: Work) -> None:
        try:
            with self._store.unit() as registry:
                work(registry)
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.errors[number] = error


def signed(store: Store) -> int:
    """How many checkpoints were signed."""
    return store.audit().checkpoints


def names(store: Store, tenant: str) -> list[str]:
    """The devices that there are."""
    with store.reading() as registry:
        return [device.name for device in registry.devices(tenant).items]


def test_units_that_wait_share_one_checkpoint(store: Store, tenant: str) -> None:
    """Five units that waited for each other are committed together and signed once."""
    threads = Threads(store)
    threads.run(*(lambda registry, number=number: enrol(registry, tenant, f"{number}") for number in range(5)))
    assert not threads.errors
    assert names(store, tenant) == list("01234")
    report = store.audit()
    assert (report.size, report.published, report.checkpoints) == (5, 5, 2)


def test_a_failing_unit_is_undone_alone(store: Store, tenant: str) -> None:
    """Of units that share a transaction, those that raise leave nothing behind and the others everything."""

    def fails(registry: Registry) -> None:
        enrol(registry, tenant, "undone")
        enrol(registry, tenant, "undone too")
        raise KeyError("on purpose")

    threads = Threads(store)
    fine = [lambda registry, name=name: enrol(registry, tenant, name) for name in "abcdef"]
    threads.run(fails, *fine[:3], fails, *fine[3:], fails)
    assert {type(error) for error in threads.errors.values()} == {KeyError}
    assert len(threads.errors) == 3
    assert names(store, tenant) == list("abcdef")
    assert store.audit().size == 6


def test_a_name_is_taken_once_within_a_group(store: Store, tenant: str) -> None:
    """Units see what earlier units of the group wrote."""
    threads = Threads(store)
    threads.run(*[lambda registry: enrol(registry, tenant, "the same")] * 4)
    assert [type(error) for error in threads.errors.values()] == [DuplicateName] * 3
    assert store.audit().size == 1


def test_a_transaction_that_the_database_gives_up_is_nobodys(store: Store, tenant: str) -> None:
    """When the database ends the transaction by itself, every unit in it raises, and the next one begins afresh."""

    def lost(registry: Registry) -> None:
        enrol(registry, tenant, "lost")
        connection = store._writers._group.transaction.connection
        if connection.dialect.name == "sqlite":  # as on a full disk
            connection.connection.dbapi_connection.rollback()
        else:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    threads = Threads(store)
    threads.run(*(lambda registry, number=number: enrol(registry, tenant, f"{number}") for number in range(3)), lost)
    failed = {number for number in threads.errors if number < 3}
    kept = names(store, tenant)
    assert {type(error) for error in threads.errors.values()} == {DatabaseUnavailable}
    assert 3 in threads.errors
    assert len(kept) == 3 - len(failed)
    with store.unit() as registry:
        enrol(registry, tenant, "after")
    assert store.audit().size == len(kept) + 1


def test_a_unit_in_a_unit_is_refused(store: Store, tenant: str) -> None:
    """It would wait for itself; the outer one is undone, and the thread can go on."""

    def nested() -> None:
        with store.unit() as registry:
            enrol(registry, tenant, "outer")
            with store.unit():
                pytest.fail("this unit cannot begin")

    with pytest.raises(UnitInUnit):
        nested()
    with store.unit() as registry:
        enrol(registry, tenant, "next")
    assert names(store, tenant) == ["next"]


class Interrupted(BaseException):
    """What a signal raises in the main thread, as Ctrl-C does."""


@pytest.mark.parametrize("left_open", [False, True])
def test_a_unit_that_is_interrupted_keeps_nobody_waiting(store: Store, tenant: str, left_open: bool) -> None:
    """A unit that was interrupted while it waited for its turn is in nobody's way, before it or after it."""
    begun, go_on, writers = threading.Event(), threading.Event(), store._writers

    def first() -> None:
        with store.unit() as registry:
            enrol(registry, tenant, "first")
            begun.set()
            go_on.wait(60)

    def interrupt() -> None:
        while not writers._waiting:
            time.sleep(0.001)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        while writers._waiting and not left_open:
            time.sleep(0.001)
        go_on.set()

    def interrupted(*_: object) -> None:
        while left_open and writers._turn.locked():  # until the unit before has left the group to this one
            time.sleep(0.001)
        raise Interrupted

    def waits() -> None:
        with store.unit():
            pytest.fail("this unit does not begin")

    before = signal.signal(signal.SIGUSR1, interrupted)
    threads = [threading.Thread(target=work, daemon=True) for work in (first, interrupt)]
    try:
        threads[0].start()
        assert begun.wait(60)
        threads[1].start()
        with pytest.raises(Interrupted):
            waits()
    finally:
        signal.signal(signal.SIGUSR1, before)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    with store.unit() as registry:
        enrol(registry, tenant, "next")
    assert names(store, tenant) == ["first", "next"]


def test_a_lost_checkpoint_is_signed_again_bit_for_bit(
    store: Store, tenant: str, raw_update: Callable[..., None]
) -> None:
    """What a power failure may take is the newest checkpoint; it is there again, the same, before the log grows."""
    with store.unit() as registry:
        enrol(registry, tenant, "one")
    with store.reading() as registry:
        seen = registry.checkpoint()
    raw_update("DELETE FROM checkpoint WHERE size = 1")
    with store.unit() as registry:
        enrol(registry, tenant, "two")
    with store.reading() as registry:
        assert registry.proof(0, size=1).checkpoint == seen
    assert store.audit().checkpoints == 3


class FullAfterCommit:
    """A database that takes units, and has no room for their checkpoint."""

    def __init__(self, database: Database) -> None:
        self.transaction = database.transaction

    @contextmanager
    def unflushed(self) -> Iterator[None]:
        """Refuse."""
        raise DatabaseUnavailable("no space left")
        yield


def test_what_cannot_be_signed_yet_is_kept_and_signed_later(store: Store, tenant: str) -> None:
    """If the checkpoint cannot be written, the unit says so; it is committed, and the next unit signs it first."""
    crowded = Writers(FullAfterCommit(store._database), store._parts)
    with pytest.raises(NotPublished, match="committed"), crowded.unit() as tools:
        enrol(Registry(tools), tenant, "one")
    assert names(store, tenant) == ["one"]
    with store.unit() as registry:
        enrol(registry, tenant, "two")
    report = store.audit()
    assert (report.published, report.checkpoints) == (2, 3)


def test_units_without_entries_sign_nothing(store: Store, tenant: str) -> None:
    """A unit that appends nothing leaves the log and its checkpoints alone."""
    before = signed(store)
    with store.unit() as registry:
        registry.create_tenant("another")
    assert signed(store) == before
