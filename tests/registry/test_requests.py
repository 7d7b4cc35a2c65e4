"""Requests that are sent twice: done once, whoever else writes, and forgotten in time."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import AnswerForgotten
from registry.records import Scope
from registry.requests import KEPT, Done, Request
from registry.store import Store, open_registry

ON_EVERY_DATABASE = True

ASKED = Request(sender="key 1", key="k", fingerprint="a" * 64)


class DoneBefore(Exception):
    """Somebody did it."""


def reserve(store: Store, tenant: str, asked: Request) -> str:
    """A copy, reserved once under the request's key; its id."""
    with store.unit() as registry:
        done = registry.done_request(tenant, asked)
        if done is not None:
            raise DoneBefore(done.answer.decode())
        copy = registry.reserve_copy(tenant, "v1", "pump 0").copy_id
        registry.keep_answer(tenant, asked, copy)
    return copy


def done(store: Store, tenant: str, asked: Request) -> Done | None:
    """What came of a request."""
    with store.reading() as registry:
        return registry.done_request(tenant, asked)


def test_an_answer_is_kept_with_what_was_done(filled: Any) -> None:
    """The same bytes, for the same sender and key; what failed leaves none."""
    assert done(filled.store, filled.tenant, ASKED) is None
    copy = reserve(filled.store, filled.tenant, ASKED)
    found = done(filled.store, filled.tenant, ASKED)
    assert found == Done(fingerprint=ASKED.fingerprint, answer=copy.encode())
    other = Request(sender="key 1", key="other", fingerprint="b" * 64)
    with suppress(ZeroDivisionError), filled.store.unit() as registry:
        registry.keep_answer(filled.tenant, other, "answer")
        raise ZeroDivisionError
    assert done(filled.store, filled.tenant, other) is None
    assert done(filled.store, filled.tenant, Request(sender="key 2", key="k", fingerprint="a" * 64)) is None
    filled.store.audit()


def test_tenants_do_not_meet(filled: Any) -> None:
    """Another tenant's request under the same sender and key is another one."""
    reserve(filled.store, filled.tenant, ASKED)
    with filled.store.unit() as registry:
        stranger = registry.create_tenant("stranger").id
        assert registry.done_request(stranger, ASKED) is None
        registry.keep_answer(stranger, ASKED, "mine")
    found = done(filled.store, filled.tenant, ASKED)
    assert found is not None
    assert found.answer != b"mine"


def test_after_a_day_the_key_is_free(filled: Any, clock: Any) -> None:
    """What expired is deleted by the next request of the tenant, whatever its key."""
    first = reserve(filled.store, filled.tenant, ASKED)
    clock.now += KEPT - timedelta(seconds=20)
    assert done(filled.store, filled.tenant, ASKED) is not None
    clock.now += timedelta(seconds=20)
    assert done(filled.store, filled.tenant, ASKED) is None
    reserve(filled.store, filled.tenant, Request(sender="key 1", key="another", fingerprint="c" * 64))
    assert reserve(filled.store, filled.tenant, ASKED) != first
    with filled.store.reading() as registry:
        session = registry._requests._stored._session
        assert session.connection().exec_driver_sql("SELECT count(*) FROM done_request").scalar() == 2


def test_forgetting_a_device_destroys_the_answers(filled: Any) -> None:
    """They may hold its name and codewords; that the requests were done stays known."""
    reserve(filled.store, filled.tenant, ASKED)
    with filled.store.unit() as registry:
        registry.forget_device(filled.tenant, "pump 1")
    with pytest.raises(AnswerForgotten):
        done(filled.store, filled.tenant, ASKED)
    with filled.store.reading() as registry:
        session = registry._requests._stored._session
        rows = session.connection().exec_driver_sql("SELECT data_key, answer FROM done_request").all()
    assert [tuple(map(bytes, filter(None, row))) for row in rows] == [()]
    filled.store.audit()


def test_processes_that_are_sent_the_same_do_it_once(
    filled: Any, opening: Callable[[], AbstractContextManager[Store]]
) -> None:
    """Two stores over one database, four threads each, all at once: one copy, and one answer for all."""
    before, start, said = len(copies(filled)), threading.Barrier(8), []

    def work(store: Store) -> None:
        start.wait()
        try:
            said.append(reserve(store, filled.tenant, ASKED))
        except DoneBefore as found:
            said.append(str(found))

    with opening() as other:
        threads = [threading.Thread(target=work, args=(store,)) for store in (filled.store, other) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(said) == 8
    assert len(set(said)) == 1
    assert len(copies(filled)) == before + 1


def test_an_answer_moves_to_another_key(filled: Any, place: Any, kek: bytes, clock: Any) -> None:
    """Answers hold codewords: they are sealed, and rewrapped with everything else."""
    with filled.store.unit() as registry:
        token = registry.create_api_key(filled.tenant, "k", {Scope.AUDIT}).token
        registry.keep_answer(filled.tenant, ASKED, token)
    for path in place.directory.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes()
    new = bytes([7]) * 32
    with open_registry(place.directory, kek=new + kek, database_url=place.url, clock=clock) as store:
        store.rewrap()
        assert store.key_status().settled
    with open_registry(place.directory, kek=new, database_url=place.url, clock=clock) as store:
        found = done(store, filled.tenant, ASKED)
    assert found is not None
    assert found.answer.decode() == token


@given(st.text(), st.text(), st.text(), st.text())
def test_requests_have_one_id_if_sender_and_key_are_the_same(sender: str, key: str, sender_2: str, key_2: str) -> None:
    """However the two are cut."""
    ids = [Request(sender=each, key=name, fingerprint="").id for each, name in ((sender, key), (sender_2, key_2))]
    assert (ids[0] == ids[1]) is ((sender, key) == (sender_2, key_2))
    moved = Request(sender=sender + key, key="", fingerprint="").id
    assert (moved == ids[0]) is (key == "")


def copies(filled: Any) -> tuple[Any, ...]:
    """All copies."""
    with filled.store.reading() as registry:
        found: tuple[Any, ...] = registry.copies(filled.tenant, "v1").items
        return found
