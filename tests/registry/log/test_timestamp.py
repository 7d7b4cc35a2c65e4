"""Time stamps: made by a real authority, verified from its certificates alone, refused whatever is changed."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import MalformedTimestamp, MalformedValue, TimestampFailed, TimestampInvalid
from registry.log import timestamp
from registry.log.checkpoint import sign_checkpoint
from registry.log.note import Ed25519Signer
from registry.log.timestamp import REPLY, Authorities, Reply

SIGNER = Ed25519Signer("example.com/log", bytes(32))
NOTE = sign_checkpoint(7, bytes(range(32)), SIGNER).note
URL = "https://tsa.example/tsr"


@pytest.fixture(scope="module")
def trusted(authority: Any) -> Authorities:
    """The authority's root."""
    return Authorities.from_pem(authority.roots)


@pytest.fixture(scope="module")
def ask_it(authority: Any) -> Callable[[str, bytes], Reply]:
    """Sends to the authority without a network."""
    return lambda url, query: Reply(status=200, content_type=REPLY, body=authority.stamp(query))


@pytest.fixture(scope="module")
def token(ask_it: Callable[[str, bytes], Reply]) -> bytes:
    """A stamp of the checkpoint."""
    return timestamp.ask(NOTE, url=URL, post=ask_it)


def test_a_stamp_dates_the_checkpoint(token: bytes, trusted: Authorities, authority: Any) -> None:
    """The time is now; the one signing certificate may be pinned; cosignatures change nothing."""
    moment = timestamp.verify(token, NOTE, trusted)
    assert moment == timestamp.stamped_at(token)
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=5)
    pinned = Authorities.from_pem(authority.roots, authority.certificate)
    assert timestamp.verify(token, NOTE, pinned) == moment
    cosigned = NOTE + f"— witness.example {base64.b64encode(b'key id and signature').decode()}\n"
    assert timestamp.verify(token, cosigned, trusted) == moment


def test_openssl_takes_it_too(token: bytes, authority: Any, tmp_path: Any) -> None:
    """The token and the text are what any RFC 3161 program reads."""
    (tmp_path / "stamp.tsr").write_bytes(token)
    (tmp_path / "text").write_bytes(timestamp.stamped_text(NOTE))
    assert authority.verifies(tmp_path / "stamp.tsr", tmp_path / "text")
    (tmp_path / "text").write_bytes(timestamp.stamped_text(NOTE) + b"\n")
    assert not authority.verifies(tmp_path / "stamp.tsr", tmp_path / "text")


def test_another_checkpoint_is_not_dated(token: bytes, trusted: Authorities) -> None:
    """A stamp says nothing of another size or root."""
    for size, root in ((8, bytes(range(32))), (7, bytes(32))):
        with pytest.raises(TimestampInvalid, match="other bytes"):
            timestamp.verify(token, sign_checkpoint(size, root, SIGNER).note, trusted)


def test_anothers_word_is_not_taken(token: bytes, authority: Any, other_authority: Any) -> None:
    """Another root, or another signer under the right root, is refused."""
    with pytest.raises(TimestampInvalid, match="given authority"):
        timestamp.verify(token, NOTE, Authorities.from_pem(other_authority.roots))
    with pytest.raises(TimestampInvalid, match="given authority"):
        timestamp.verify(token, NOTE, Authorities.from_pem(authority.roots, other_authority.certificate))
    with pytest.raises(MalformedValue, match="PEM"):
        Authorities.from_pem(b"no certificate")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_changed_byte_is_refused(token: bytes, trusted: Authorities, place: float, bit: int) -> None:
    """One flipped bit anywhere: never another time, and nearly everywhere an error."""
    changed = bytearray(token)
    changed[int(place * len(token))] ^= 1 << bit
    try:
        assert timestamp.verify(bytes(changed), NOTE, trusted) == timestamp.stamped_at(token)
    except (MalformedTimestamp, TimestampInvalid):
        return


def test_a_stamp_for_another_request_is_refused(token: bytes) -> None:
    """An authority, or somebody between, that answers with an old stamp is found out by the nonce."""
    with pytest.raises(TimestampFailed, match="another request"):
        timestamp.ask(NOTE, url=URL, post=lambda url, query: Reply(status=200, content_type=REPLY, body=token))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=503, content_type=REPLY, body=b""), "503"),
        (Reply(status=200, content_type="text/html", body=b"<p>"), "text/html"),
        (Reply(status=200, content_type=REPLY, body=b"0\x03\x02"), "RFC 3161"),
        (Reply(status=200, content_type=REPLY, body=bytes(100_000)), "100000 bytes"),
        (Reply(status=200, content_type=REPLY, body=bytes.fromhex("3009300702010230020c00")), "refused|RFC 3161"),
    ],
)
def test_what_is_no_stamp_is_refused(reply: Reply, said: str) -> None:
    """Another status, type or body, and a body too large: one error that says what came."""
    with pytest.raises(TimestampFailed, match=said):
        timestamp.ask(NOTE, url=URL, post=lambda url, query: reply)


def test_no_answer_and_the_wrong_authority(ask_it: Callable[[str, bytes], Reply], other_authority: Any) -> None:
    """A broken connection is said as such; a stamp of an authority that was not wanted is not accepted."""

    def broken(url: str, query: bytes) -> Reply:
        raise ConnectionRefusedError("nobody there")

    with pytest.raises(TimestampFailed, match="nobody there"):
        timestamp.ask(NOTE, url=URL, post=broken)
    wanted = Authorities.from_pem(other_authority.roots)
    with pytest.raises(TimestampFailed, match="given authority"):
        timestamp.ask(NOTE, url=URL, post=ask_it, authorities=wanted)
