"""Keys in files that are edited while a service uses them: nothing goes under a key that has left the file."""

from collections.abc import Callable
from typing import Any

import pytest

from registry.errors import KeyFileUnsafe, StoreMissing, UnknownKey

CONTEXT, DATA_KEY = b"row", b"d" * 32
FILES = {"file": "kek.key", "age": "identities.txt"}


@pytest.mark.parametrize("kind", FILES)
def test_a_key_that_left_the_file_wraps_nothing(a_world: Callable[[str], Any], kind: str) -> None:
    """Once an operator has taken the old key out, a service that began with it wraps under the one that is left."""
    world = a_world(kind)
    running = world.open()
    old, new = running.current, world.open().rotate()
    path = world.directory / FILES[kind]
    first, _ = path.read_text().split()
    path.write_text(first + "\n")
    under, wrapped = running.wrap(DATA_KEY, CONTEXT)
    assert under == running.current == new
    opened = world.open(create=False)
    assert opened.unwrap(under, wrapped, CONTEXT) == DATA_KEY
    with pytest.raises(UnknownKey):
        opened.unwrap(old, wrapped, CONTEXT)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_gone_wraps_nothing(a_world: Callable[[str], Any], kind: str) -> None:
    """No new row depends on a key that is in one process's memory alone; what is wrapped still opens."""
    world = a_world(kind)
    running, path = world.open(), world.directory / FILES[kind]
    under, wrapped = running.wrap(DATA_KEY, CONTEXT)
    path.chmod(0o644)
    with pytest.raises(KeyFileUnsafe):
        running.wrap(DATA_KEY, CONTEXT)
    path.unlink()
    with pytest.raises(StoreMissing):
        running.wrap(DATA_KEY, CONTEXT)
    assert running.unwrap(under, wrapped, CONTEXT) == DATA_KEY
