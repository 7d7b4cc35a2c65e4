"""Stores: initialised once, opened safely, units whole or not at all."""

import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from registry import database, migrations
from registry.errors import (
    DatabaseUnavailable,
    KeyFileUnsafe,
    MalformedNote,
    MalformedValue,
    SealBroken,
    StoreError,
    StoreExists,
    StoreMissing,
    StoreOutdated,
    UnknownKey,
)
from registry.log.checkpoint import open_checkpoint
from registry.log.note import Ed25519Verifier
from registry.records import Device
from registry.store import Store, init_store, open_registry, upgrade_store


def test_init_makes_everything(tmp_path: Path) -> None:
    """A new store has a database, keys of mode 0600, its public key, and the signed checkpoint of an empty log."""
    directory = tmp_path / "deep" / "data"
    init_store(directory)
    assert {path.name for path in directory.iterdir()} >= {"registry.db", "kek.key", "log.key", "log.pub", "packs"}
    for name in ("kek.key", "log.key"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    with open_registry(directory) as store, store.reading() as registry:
        checkpoint, vkey = registry.checkpoint(), registry.verifier_key()
    assert (directory / "log.pub").read_text() == vkey + "\n"
    assert open_checkpoint(checkpoint.note, Ed25519Verifier.from_vkey(vkey)).size == 0


def test_two_stores_are_two_logs(tmp_path: Path) -> None:
    """Two stores draw different log names and keys."""
    for name in ("one", "two"):
        init_store(tmp_path / name)
    keys = {(tmp_path / name / "log.pub").read_text().split("+")[0] for name in ("one", "two")}
    assert len(keys) == 2


def test_init_refuses_a_second_time(data_dir: Path, kek: bytes) -> None:
    """An initialised store is left as it is."""
    before = {path: path.read_bytes() for path in data_dir.iterdir() if path.is_file()}
    with pytest.raises(StoreExists):
        init_store(data_dir, kek=kek)
    assert {path: before[path] == path.read_bytes() for path in before} == dict.fromkeys(before, True)


def test_init_goes_on_after_a_crash(tmp_path: Path) -> None:
    """If only keys were written, initialising again uses them."""
    init_store(tmp_path / "data")
    key = (tmp_path / "data" / "log.key").read_text()
    for path in (tmp_path / "data").glob("registry.db*"):
        path.unlink()
    init_store(tmp_path / "data")
    assert (tmp_path / "data" / "log.key").read_text() == key


def test_a_database_that_too_many_ask_is_one_clear_error(data_dir: Path) -> None:
    """Whoever gets no connection in time is told so, and that the database can be asked again."""
    engine = create_engine(f"sqlite:///{data_dir / 'registry.db'}", pool_size=1, max_overflow=0, pool_timeout=0.001)
    asked = database.Database(engine)
    with asked.reading() as first:
        first.connection()
        with pytest.raises(DatabaseUnavailable, match="too many"), asked.reading() as second:
            second.connection()
        assert not asked.reachable()
    assert asked.reachable()
    engine.dispose()


def test_init_refuses_a_bad_name(tmp_path: Path) -> None:
    """A log's name without spaces or plus signs, or nothing is created."""
    with pytest.raises(MalformedNote):
        init_store(tmp_path / "data", origin="my log")
    assert not (tmp_path / "data").exists()


def test_what_is_not_initialised_does_not_open(tmp_path: Path, data_dir: Path, kek: bytes) -> None:
    """A directory without a registry, one without its database, and one without a key are named."""
    for use in (lambda: open_registry(tmp_path / "none"), lambda: open_registry(data_dir)):
        with pytest.raises(StoreMissing), use():
            pass
    with pytest.raises(StoreMissing):
        upgrade_store(tmp_path / "none")
    for path in data_dir.glob("registry.db*"):
        path.unlink()
    with pytest.raises(StoreMissing, match="database"), open_registry(data_dir, kek=kek):
        pass


def test_an_outdated_database_does_not_open(data_dir: Path, kek: bytes) -> None:
    """A database at another revision is refused until it is upgraded."""
    with database.connect(None, data_dir) as found, found.writing() as session:
        migrations.downgrade(session.connection(), "base")
    with pytest.raises(StoreMissing), open_registry(data_dir, kek=kek):
        pass
    upgrade_store(data_dir)
    with database.connect(None, data_dir) as found, found.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreOutdated, match="0000"), open_registry(data_dir, kek=kek):
        pass


def test_a_readable_signing_key_does_not_open(data_dir: Path, kek: bytes) -> None:
    """A log key that others can read is refused."""
    (data_dir / "log.key").chmod(0o644)
    with pytest.raises(KeyFileUnsafe), open_registry(data_dir, kek=kek):
        pass


def test_the_wrong_key_opens_nothing(data_dir: Path, store: Store, tenant: str, enrol: Callable[..., Device]) -> None:
    """Under another key-encryption key nothing sealed opens; a key of the wrong length is refused."""
    enrol(tenant, "pump")
    with (
        pytest.raises(UnknownKey, match="the log's signing keys cannot be opened"),
        open_registry(data_dir, kek=bytes(32)),
    ):
        pass
    with open_registry(data_dir, kek=bytes(32), signing=False) as other, pytest.raises(UnknownKey):
        other.audit()
    with pytest.raises(MalformedValue), open_registry(data_dir, kek=bytes(31)):
        pass


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense", "postgresql+asyncpg://x/y"]
)
def test_only_durable_databases(data_dir: Path, kek: bytes, url: str) -> None:
    """A URL that is neither a SQLite file nor PostgreSQL by psycopg is refused."""
    with pytest.raises(StoreError), open_registry(data_dir, kek=kek, database_url=url):
        pass


def test_a_database_elsewhere(data_dir: Path, tmp_path: Path, kek: bytes) -> None:
    """A SQLite URL puts the database where it says."""
    init_store(tmp_path / "other", kek=kek, database_url=f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "other" / "registry.db").exists()


def test_a_failed_unit_leaves_nothing(store: Store, tenant: str, enrol: Callable[..., Device]) -> None:
    """An exception undoes everything in its unit, the log's entries included."""
    enrol(tenant, "kept")

    def fail() -> None:
        with store.unit() as registry:
            registry.enroll_device(tenant, "lost", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading() as registry:
        assert [device.name for device in registry.devices(tenant).items] == ["kept"]
        assert registry.checkpoint().size == 1
    assert store.audit().size == 1


def test_a_reading_unit_refuses_to_write(store: Store) -> None:
    """Writing in a reading unit fails, and a writing unit after it works."""
    with pytest.raises(DatabaseUnavailable, match="readonly"), store.reading() as registry:
        registry.create_tenant("acme")
    with store.unit() as registry:
        registry.create_tenant("acme")


def test_a_reading_unit_sees_one_state(store: Store, tenant: str, enrol: Callable[..., Device]) -> None:
    """What others write while a reading unit runs is not seen in it, and does not wait for it."""
    with store.reading() as registry:
        before = registry.devices(tenant).items
        enrol(tenant, "late")
        assert registry.devices(tenant).items == before == ()
        assert registry.checkpoint().size == 0


def test_what_a_crash_left_unsigned_is_signed_on_opening(
    data_dir: Path, kek: bytes, opening: Callable[[], AbstractContextManager[Store]], raw_update: Callable[..., None]
) -> None:
    """Entries that were committed and not signed are signed when the store opens."""
    with opening() as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
        with store.unit() as registry:
            registry.enroll_device(tenant, "pump", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))
    raw_update("DELETE FROM checkpoint WHERE size = 1")
    with opening() as store:
        assert store.health().ready
        assert store.health().checkpoint_size == store.health().entries == 1
        assert store.audit().published == 1


def test_health(store: Store, data_dir: Path, raw_update: Callable[..., None]) -> None:
    """A store is ready while its database is there, migrated and signed."""
    assert store.health().ready
    raw_update("UPDATE alembic_version SET version_num = '0000'")
    assert not store.health().ready
    raw_update("UPDATE alembic_version SET version_num = '0003'", "DELETE FROM checkpoint")
    assert not store.health().ready


def test_health_without_a_database(data_dir: Path, opening: Callable[[], AbstractContextManager[Store]]) -> None:
    """A database that is gone makes a store unhealthy and raises nothing."""
    with opening() as store:
        pass
    for path in data_dir.glob("registry.db*"):
        path.unlink()
    (data_dir / "registry.db").mkdir()
    assert not store.health().ready


def test_a_pepper_that_was_moved_does_not_open(store: Store, tenant: str, raw_update: Callable[..., None]) -> None:
    """A pepper under another id is not that pepper."""
    raw_update("UPDATE pepper SET id = '0'")
    with store.reading() as registry, pytest.raises(SealBroken):
        registry.authenticate("cmk_00000000000000000000000000000000000004edJq1")
