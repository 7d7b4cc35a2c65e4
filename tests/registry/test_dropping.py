"""Destroying older keys beside services, rotations and whoever seals the log's keys: what was sealed opens after."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from registry.errors import KeyInUse, SealBroken
from registry.keys.file import FileKeys
from registry.keys.local import read_keys, replace_private_file
from registry.store import Store, drop_old_keys, init_store, open_registry, seal_log_key
from tests.registry.signing.clear import left_in_the_clear


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A registry with a key file of its own."""
    init_store(tmp_path)
    return tmp_path


def rotate(directory: Path) -> str:
    """A new key, by another program."""
    return FileKeys(directory / "kek.key", os.urandom).rotate()


def settle(directory: Path) -> int:
    """Everything under the current key, and the others destroyed, by another program; how many were."""
    with open_registry(directory, signing=False) as store:
        store.rewrap()
    return drop_old_keys(directory)


def enrol(store: Store) -> None:
    """A device, which needs nothing unsealed."""
    with store.unit() as registry:
        tenant = registry.create_tenant("acme").id
        registry.enroll_device(tenant, "pump", helper_data=b"h", identity="ab" * 32, codeword_key=bytes(32))


def test_a_service_that_runs_on_loses_nothing(kept: Path) -> None:
    """What a service writes after the key that it began with was destroyed opens in every later process."""
    with open_registry(kept) as running:
        rotate(kept)
        assert settle(kept) == 1
        enrol(running)
    with open_registry(kept) as store:
        assert store.audit().opened == 1
        assert store.key_status().settled


def waited_for(path: Path) -> bool:
    """Whether somebody waits for a lock on the file."""
    inode = f":{path.stat().st_ino} "
    return any("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


def test_the_logs_keys_are_opened_as_they_are_sealed_by_then(kept: Path) -> None:
    """A program that opens them only when it first signs finds them under the key that they have been moved to."""
    with open_registry(kept, signing=False) as late:
        rotate(kept)
        assert settle(kept) == 1
        enrol(late)
        assert late.audit().published == 1


def test_another_logs_keys_do_not_sign(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A key file that was put in the place of the log's after that was read signs nothing."""
    other = tmp_path_factory.mktemp("other")
    init_store(other)
    with open_registry(kept, signing=False) as late:
        (kept / "log.key").write_bytes((other / "log.key").read_bytes())
        with pytest.raises(SealBroken, match="another log"):
            enrol(late)


class Midway:
    """Something that is stopped in its middle until others wait for it."""

    def __init__(self) -> None:
        self._begun, self._go_on = threading.Event(), threading.Event()

    def stop(self) -> None:
        """Called in the middle."""
        self._begun.set()
        assert self._go_on.wait(60)

    def beside(self, work: Callable[[], object], other: Callable[[], object], lock: Path) -> None:
        """Do the work, and the other once it is stopped; it goes on when the other waits for the lock, or is done."""
        with ThreadPoolExecutor() as threads:
            first = threads.submit(work)
            assert self._begun.wait(60)
            second = threads.submit(other)
            while not (second.done() or waited_for(lock)):
                os.sched_yield()
            self._go_on.set()
            first.result()
            second.result()


def test_a_rotation_in_the_middle_keeps_what_rows_are_under(kept: Path) -> None:
    """The key that all rows are under stays, when another one gets before it while keys are being destroyed."""
    middle = Midway()

    def rotated(text: str) -> str:
        middle.stop()
        return os.urandom(32).hex() + "\n" + text

    with open_registry(kept) as store:
        enrol(store)
    with pytest.raises(KeyInUse):
        middle.beside(
            lambda: replace_private_file(kept / "kek.key", rotated),
            lambda: drop_old_keys(kept),
            kept / ".kek.key.lock",
        )
    assert len(read_keys(kept / "kek.key")) == 2
    with open_registry(kept) as store:
        assert store.audit().opened == 1


def test_the_logs_keys_are_sealed_under_a_key_that_is_there(kept: Path) -> None:
    """Sealed by a program that began before the old key was destroyed, they go under the new one."""
    left_in_the_clear(kept)
    begun = FileKeys(kept / "kek.key", os.urandom)
    rotate(kept)
    assert settle(kept) == 1
    assert seal_log_key(kept, keys=begun)
    with open_registry(kept) as store:
        enrol(store)
        assert store.key_status().settled


def test_a_key_that_the_logs_keys_are_about_to_be_under_stays(kept: Path) -> None:
    """Nobody destroys a key between sealing the log's keys under it and the moment in which their file says so."""
    left_in_the_clear(kept)
    middle, drawn = Midway(), count(1)

    def entropy(size: int) -> bytes:
        if next(drawn) == 2:  # first the data key, then the nonce that wraps it
            middle.stop()
        return os.urandom(size)

    def others() -> None:
        rotate(kept)
        settle(kept)

    with pytest.raises(KeyInUse):
        middle.beside(lambda: seal_log_key(kept, entropy=entropy), others, kept / ".log.key.lock")
    with open_registry(kept) as store:
        enrol(store)
        assert not store.key_status().settled
