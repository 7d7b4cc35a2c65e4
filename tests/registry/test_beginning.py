"""Initialising: killed anywhere, short of room, or by two programs at once, it ends with one whole registry."""

import os
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from registry.errors import StoreExists
from registry.keys.file import FileKeys
from registry.keys.local import create_private_file
from registry.store import init_store, open_registry
from tests.registry.killing import killed_before


def require_whole(directory: Path) -> None:
    """The registry opens, signs, and says under which key."""
    with open_registry(directory) as store:
        with store.unit() as registry:
            registry.create_tenant("acme")
        with store.reading() as registry:
            assert (directory / "log.pub").read_text() == registry.verifier_key() + "\n"
        assert store.key_status().settled


def test_killed_anywhere_it_is_gone_on_with(tmp_path: Path) -> None:
    """kill -9 at each step on the way: called again it comes to its end, with the keys that it finds."""
    step, killed = 0, True
    while killed:
        directory = tmp_path / str(step)
        killed = killed_before(step, lambda directory=directory: init_store(directory))
        with suppress(StoreExists):
            init_store(directory)
        require_whole(directory)
        step += 1
    assert step > 5


def test_short_of_room_it_leaves_no_half_of_a_key(tmp_path: Path) -> None:
    """A key file that could not be written whole is not there; with room again the registry is made."""
    room = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, room[1]))
    try:
        with pytest.raises(OSError, match="large"):
            init_store(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
    assert [path.name for path in tmp_path.iterdir()] == ["packs"]
    init_store(tmp_path)
    require_whole(tmp_path)


def test_a_public_key_that_cannot_be_written_leaves_no_registry_without_it(tmp_path: Path) -> None:
    """It is written before the database says that there is a registry, so that the next try writes it."""
    (tmp_path / "log.pub").mkdir()
    with pytest.raises(IsADirectoryError):
        init_store(tmp_path)
    (tmp_path / "log.pub").rmdir()
    init_store(tmp_path)
    require_whole(tmp_path)


def at(number: int, happens: Callable[[], object]) -> Callable[[int], bytes]:
    """Randomness, at whose n-th use something happens."""
    left = [number]

    def entropy(size: int) -> bytes:
        left[0] -= 1
        if left[0] == 0:
            happens()
        return os.urandom(size)

    return entropy


@pytest.mark.parametrize("use", range(1, 7))  # key, log's seeds, data key, its nonce, the nonce of what it seals
def test_of_two_at_once_one_makes_it(tmp_path: Path, use: int) -> None:
    """Whenever another program gets in between: its registry stands, and the first one is told that there is one."""
    with pytest.raises(StoreExists):
        init_store(tmp_path, origin="example.com/log", entropy=at(use, lambda: init_store(tmp_path)))
    require_whole(tmp_path)


def test_threads_make_registries_of_their_own(tmp_path: Path) -> None:
    """Several at once in one process, each in its own place: none is made in another's."""
    places = [tmp_path / str(number) for number in range(4)]
    with ThreadPoolExecutor(len(places)) as threads:
        list(threads.map(init_store, places))
    for place in places:
        require_whole(place)
    assert len({(place / "log.pub").read_text() for place in places}) == len(places)


def test_a_private_file_is_made_once(tmp_path: Path) -> None:
    """One that is there stays as it is, and nothing is left beside it."""
    path = tmp_path / "kek.key"
    keys = FileKeys.create(path, os.urandom)
    with pytest.raises(FileExistsError):
        create_private_file(path, "another")
    assert FileKeys(path, os.urandom).current == keys.current
    assert list(tmp_path.iterdir()) == [path]
