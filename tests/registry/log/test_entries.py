"""Log entries: canonical, small, and without anything personal."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fingerprint import canonical
from registry.errors import MalformedEntry
from registry.log import entries
from registry.records import EntryKind

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
SALT = bytes(range(32))


def test_round_trip_for_every_kind() -> None:
    """An entry of each kind decodes into its kind and fields."""
    for kind in EntryKind:
        data = entries.encode(kind, {"tenant": "t", "at": entries.instant(AT)})
        assert entries.decode(data) == (kind, {"tenant": "t", "at": "2026-11-24T08:00:00.000000Z"})


def test_no_name_is_in_an_entry() -> None:
    """Names of devices, releases and suspects appear only as salted hashes, and a lost salt hides them."""
    secret = "Ada Lovelace's phone"
    fields = [
        entries.enrolment(
            tenant="t", device="d", salt=SALT, name=secret, helper_digest="h", identity="i", commitment="c", at=AT
        ),
        entries.commitment(
            tenant="t", release="r", salt=SALT, name=secret, pack="p", commitment="c", alpha=1e-6, bits=8, at=AT
        ),
        entries.verdict(
            tenant="t",
            case="c",
            release="r",
            salt=SALT,
            suspect=secret,
            observation="o",
            verdict="v",
            summary="s",
            at=AT,
        ),
    ]
    for each in fields:
        assert secret not in json.dumps(each)
        assert "hmac-sha256:" in json.dumps(each)
    assert entries.salted(SALT, "device", b"x") != entries.salted(bytes(32), "device", b"x")
    assert entries.salted(SALT, "device", b"x") != entries.salted(SALT, "release", b"x")


def test_a_codewords_salt_tells_of_no_other() -> None:
    """Salts of two copies of one device differ, and so do the commitments of one codeword under them."""
    one, two = entries.codeword_salt(SALT, "copy 1"), entries.codeword_salt(SALT, "copy 2")
    assert one != two
    assert entries.codeword_commitment(one, b"\x05") != entries.codeword_commitment(two, b"\x05")


def test_instants_are_utc() -> None:
    """One instant has one text, whatever zone it is given in."""
    assert entries.instant(AT.astimezone(timezone(timedelta(hours=9)))) == entries.instant(AT)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"\xff",
        canonical.encode(entries.TAG, {"kind": "party"}),
        canonical.encode(entries.TAG, {}),
        canonical.encode("countermark/other", {"kind": "issue"}),
        canonical.encode(entries.TAG, {"kind": "issue"}) + b" ",
        canonical.encode(entries.TAG, {"kind": "issue"}, version=2),
    ],
)
def test_malformed_entries_are_refused(data: bytes) -> None:
    """Bytes that are no entry raise one error."""
    with pytest.raises(MalformedEntry):
        entries.decode(data)


def test_entries_fit_a_bundle() -> None:
    """An entry longer than a tile's bundle can hold is refused."""
    with pytest.raises(MalformedEntry, match="65535"):
        entries.encode(EntryKind.ISSUE, {"artefact": "a" * 65_535})
