"""Time stamps in the registry: kept with their checkpoint, found for every entry that they date."""

import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from registry.errors import CheckpointTampered, ExtraMissing, MalformedValue, TimestampFailed, UnknownEntry
from registry.log.timestamp import Authorities, verify
from registry.stamping import post_over_http
from registry.store import Store

ON_EVERY_DATABASE = True


def test_a_commitment_is_dated(filled: Any, tsa: str, authority: Any) -> None:
    """What stands under the stamped checkpoint is dated by it, and what comes later is not."""
    store: Store = filled.store
    trusted = Authorities.from_pem(authority.roots)
    made = store.stamp(tsa, trusted)
    with store.unit() as registry:
        later = registry.revoke_device(filled.tenant, "pump 2").revocation_index
    with store.reading() as registry:
        assert registry.timestamps(filled.release.entry_index).items == (made,)
        assert registry.timestamps(later).items == ()
        proof = registry.proof(filled.release.entry_index, size=made.checkpoint.size)
        assert proof.checkpoint.root == made.checkpoint.root
        with pytest.raises(UnknownEntry):
            registry.timestamps(1000)
    assert verify(made.token, proof.checkpoint.note, trusted) == made.stamped_at
    second = store.stamp(tsa)
    with store.reading() as registry:
        assert registry.timestamps(filled.release.entry_index).items == (made, second)
        assert registry.timestamps(later).items == (second,)
    store.audit()


def test_a_refused_stamp_changes_nothing(filled: Any, tsa: str, other_authority: Any) -> None:
    """An authority that was not wanted, none at the address, or no address at all: nothing is stored."""
    wanted = Authorities.from_pem(other_authority.roots)
    for url, authorities, said in (
        (tsa, wanted, "given authority"),
        (tsa.replace("/tsr", "/elsewhere"), None, "404"),
        ("http://127.0.0.1:9/tsr", None, "did not answer"),
        ("file:///etc/passwd", None, "https://"),
    ):
        with pytest.raises(TimestampFailed, match=said):
            filled.store.stamp(url, authorities)
    with filled.store.reading() as registry:
        assert registry.timestamps(0).items == ()


def test_an_answer_that_never_comes_is_given_up(silent_port: int) -> None:
    """An authority that takes the connection and says nothing is not waited for longer than was said."""
    with pytest.raises(OSError, match="timed out"):
        post_over_http(f"http://127.0.0.1:{silent_port}/", b"query", seconds=0.2)


@pytest.fixture
def silent_port() -> Any:
    """A port that listens and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_missing_extra_is_named(filled: Any, tsa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the error says what to install, and nothing else is affected."""
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(ExtraMissing, match=r"countermark\[timestamp\]"):
        filled.store.stamp(tsa)


def test_earlier_stamps_come_first(filled: Any, tsa: str, enrol: Callable[..., Any]) -> None:
    """In the order of the time that they state, whatever the size of their checkpoint."""
    sizes = []
    for number in range(3):
        enrol(filled.tenant, f"late {number}")
        sizes.append(filled.store.stamp(tsa).checkpoint.size)
    with filled.store.reading() as registry:
        found = registry.timestamps(0).items
    assert [each.checkpoint.size for each in found] == sizes
    assert sorted(each.stamped_at for each in found) == [each.stamped_at for each in found]


def test_stamps_come_in_pages(filled: Any, tsa: str, enrol: Callable[..., Any]) -> None:
    """Each once, though several state one time and date one checkpoint; what no page said is refused."""
    made = [filled.store.stamp(tsa) for _ in range(2)]
    enrol(filled.tenant, "late")
    made += [filled.store.stamp(tsa) for _ in range(2)]
    found, after = [], None
    with filled.store.reading() as registry:
        while True:
            page = registry.timestamps(0, after=after, limit=1)
            found += page.items
            if (after := page.next) is None:
                break
        whole = registry.timestamps(0, limit=4)
        for cursor in (
            "",
            "x",
            "1 2",
            "1 2 sha256:x",
            "9" * 30 + " 2 sha256:" + "a" * 64,
            "1 2 sha256:" + "a" * 64 + "\n",
        ):
            with pytest.raises(MalformedValue, match="next"):
                registry.timestamps(0, after=cursor)
    assert (tuple(found), whole.next) == (whole.items, None)
    assert {each.token for each in found} == {each.token for each in made}
    assert len(found) == 4


def test_the_audit_verifies_stamps(filled: Any, tsa: str, authority: Any, other_authority: Any) -> None:
    """With the authority's certificates every stamp is counted; with another's the first is refused."""
    filled.store.stamp(tsa)
    filled.store.stamp(tsa)
    assert filled.store.audit().timestamps == 0
    assert filled.store.audit(authorities=Authorities.from_pem(authority.roots)).timestamps == 2
    with pytest.raises(CheckpointTampered, match="does not date"):
        filled.store.audit(authorities=Authorities.from_pem(other_authority.roots))


@pytest.mark.parametrize("change", ["stamped_at = '2020-01-01 00:00:00.000000'", "token = x'3000'", "size = 0"])
def test_the_audit_finds_altered_stamps(
    filled: Any, tsa: str, authority: Any, raw_update: Callable[..., None], change: str
) -> None:
    """An earlier time, another token, or another checkpoint than the one that was stamped."""
    filled.store.stamp(tsa)
    raw_update(f"UPDATE time_stamp SET {change}")
    with pytest.raises(CheckpointTampered, match="time stamp"):
        filled.store.audit(authorities=Authorities.from_pem(authority.roots))
