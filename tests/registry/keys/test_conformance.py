"""What every place for key-encryption keys must hold to: one suite, run over all of them."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from registry.errors import ExtraMissing, KeysUnavailable, MalformedValue, SealBroken, UnknownKey
from registry.keys.base import KeyProvider, Wrapped
from registry.keys.places import PLACES, open_keys
from registry.sealing import RowIdentity, Sealer, wrapped_under

ROW, OTHER = RowIdentity("device", "t1", "d1"), RowIdentity("device", "t1", "d2")
CONTEXT = ROW.context()
DATA_KEY = bytes(range(32))


def test_every_place_is_in_the_suite(kinds: set[str]) -> None:
    """A place written tomorrow fails here until the suite runs over it."""
    assert kinds == set(PLACES)


def test_what_was_wrapped_unwraps(keys: KeyProvider) -> None:
    """The same data key comes back, from each of two different wrappings."""
    one, two = keys.wrap(DATA_KEY, CONTEXT), keys.wrap(DATA_KEY, CONTEXT)
    assert one.data != two.data
    assert DATA_KEY not in one.data
    for under, wrapped in (one, two):
        assert under == keys.current
        assert keys.unwrap(under, wrapped, CONTEXT) == DATA_KEY


def test_a_data_key_belongs_to_its_row(keys: KeyProvider) -> None:
    """In another row it does not unwrap."""
    with pytest.raises(SealBroken):
        keys.unwrap(*keys.wrap(DATA_KEY, CONTEXT), OTHER.context())


def test_an_altered_data_key_is_refused(keys: KeyProvider) -> None:
    """Any byte changed, anything cut off or added: never another data key."""
    _, wrapped = keys.wrap(DATA_KEY, CONTEXT)
    step = max(1, len(wrapped) // 40)
    for place in {*range(0, len(wrapped), step), len(wrapped) - 1}:
        changed = bytearray(wrapped)
        changed[place] ^= 1
        with pytest.raises((SealBroken, KeysUnavailable)):
            keys.unwrap(keys.current, bytes(changed), CONTEXT)
    for changed in (wrapped[:-1], wrapped[:20], wrapped[:1], wrapped + b"\x00"):
        with pytest.raises((SealBroken, KeysUnavailable)):
            keys.unwrap(keys.current, bytes(changed), CONTEXT)


def test_ids_fit_the_header(keys: KeyProvider) -> None:
    """1 to 255 ASCII characters, read back from the header of a data key."""
    assert keys.current.isascii()
    assert keys.current.isprintable()
    assert 0 < len(keys.current) < 256
    assert wrapped_under(Sealer(keys, os.urandom).new_data_key(ROW)) == keys.current


def test_an_unknown_key_is_said(keys: KeyProvider) -> None:
    """A row under a key that is not there is another error than a broken one."""
    _, wrapped = keys.wrap(DATA_KEY, CONTEXT)
    last = "0" if keys.current[-1] != "0" else "1"
    for unknown in (keys.current[:-1] + last, "nonsense", "x:y"):
        with pytest.raises(UnknownKey):
            keys.unwrap(unknown, wrapped, CONTEXT)


def test_rotation(world: Any, keys: KeyProvider) -> None:
    """A new id, new rows under it, old rows still open, in this process and in the next one."""
    old, wrapped = keys.wrap(DATA_KEY, CONTEXT)
    new = keys.rotate()
    assert keys.current == keys.wrap(DATA_KEY, CONTEXT).key_id == new != old
    for each in (keys, world.open(create=False)):
        assert each.current == new
        assert each.unwrap(old, wrapped, CONTEXT) == DATA_KEY
        assert each.unwrap(*each.wrap(DATA_KEY, CONTEXT), CONTEXT) == DATA_KEY
    with pytest.raises((SealBroken, KeysUnavailable)):
        keys.unwrap(new, wrapped, CONTEXT)


def test_a_running_service_follows_a_rotation(world: Any, keys: KeyProvider) -> None:
    """Keys opened before somebody else rotated unwrap what has been moved to the new key."""
    other = world.open(create=False)
    other.rotate()
    assert keys.unwrap(*other.wrap(DATA_KEY, CONTEXT), CONTEXT) == DATA_KEY


def test_a_running_service_goes_on_under_the_new_key(world: Any, keys: KeyProvider) -> None:
    """What is wrapped after somebody else rotated is under the new key, though nothing under it was met before."""
    new = world.open(create=False).rotate()
    assert keys.wrap(DATA_KEY, CONTEXT).key_id == new == keys.current


def test_opening_again_changes_nothing(world: Any, keys: KeyProvider) -> None:
    """`create` makes a first key and never a second one."""
    assert world.open(create=True).current == world.open(create=False).current == keys.current


def test_rotations_at_once_lose_no_key(world: Any, keys: KeyProvider) -> None:
    """Three that rotate together make three keys; what each wraps before, while and after opens everywhere."""
    before, others = keys.wrap(DATA_KEY, CONTEXT), [world.open(create=False) for _ in range(3)]
    with ThreadPoolExecutor() as threads:
        made = list(threads.map(_rotate_and_wrap, others))
    assert len({before.key_id, *(new for new, _ in made)}) == 4
    after = [each.wrap(DATA_KEY, CONTEXT) for each in others]
    for opened in (world.open(create=False), keys):
        assert opened.current in {before.key_id, *(new for new, _ in made)}
        for under, wrapped in (before, *(each for _, each in made), *after):
            assert opened.unwrap(under, wrapped, CONTEXT) == DATA_KEY


def _rotate_and_wrap(keys: KeyProvider) -> tuple[str, Wrapped]:
    return keys.rotate(), keys.wrap(DATA_KEY, CONTEXT)


def test_threads_share_keys(keys: KeyProvider) -> None:
    """Four threads wrap and unwrap at once, each its own data keys."""
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                mine = bytes([number, turn]) * 16
                assert keys.unwrap(*keys.wrap(mine, CONTEXT), CONTEXT) == mine
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_a_rewrapped_row_opens(keys: KeyProvider) -> None:
    """Sealed before, rewrapped after a rotation, opened without the sealed bytes being touched."""
    sealer = Sealer(keys, os.urandom)
    data_key = sealer.new_data_key(ROW)
    sealed = sealer.seal(data_key, ROW, "codeword_key", b"secret")
    keys.rotate()
    moved = sealer.rewrap(data_key, ROW)
    assert wrapped_under(moved) == keys.current != wrapped_under(data_key)
    assert sealer.open(moved, ROW, "codeword_key", sealed) == b"secret"


def test_nothing_secret_is_shown(world: Any, keys: KeyProvider) -> None:
    """Neither the representation nor the place holds a key or a PIN."""
    shown = repr(keys) + keys.place
    for path in world.directory.iterdir():
        for line in path.read_text().split():
            assert line not in shown
    assert "2468" not in shown


@pytest.mark.parametrize(
    ("kind", "module", "extra"), [("kms", "boto3", "kms"), ("pkcs11", "pkcs11", "hsm"), ("age", "pyrage", "escrow")]
)
def test_a_missing_extra_is_named(
    a_world: Callable[[str], Any], kind: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its library a place says what to install."""
    world = a_world(kind)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExtraMissing, match=rf"countermark\[{extra}\]"):
        world.open()


@pytest.mark.parametrize(
    "place",
    ["", "vault:x", "kms:", "kms:alias/x?pin=1", "file:x?y=1", "age:", "pkcs11:token=a", "pkcs11:token=a;object=b"],
)
def test_places_out_of_form(place: str, tmp_path: Path) -> None:
    """Something that is no place, lacks a part, or has one too many."""
    with pytest.raises(MalformedValue):
        open_keys(place, data_dir=tmp_path, entropy=os.urandom)
