"""No byte of a pack is free, and no trick of the zip format passes."""

import io
import struct
import warnings
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import MalformedEvidence
from registry.evidence import container, contents
from registry.evidence.examination import examine

SMALL = 1500
NAMES = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z]{1,4})?(/[a-z0-9]{1,8})?", fullmatch=True)


def failed(world: Any, evidence: bytes) -> str:
    """Name of the step that fails."""
    found = examine(world.file(evidence))
    assert found.failed is not None
    return found.failed.name


def places(evidence: bytes) -> list[int]:
    """Every byte of headers, of the directory and of small members, and a sample of the large ones."""
    with zipfile.ZipFile(io.BytesIO(evidence)) as archive:
        listed = archive.infolist()
    large = set()
    for info in listed:
        start = info.header_offset + 30 + len(info.filename)
        if info.file_size > SMALL:
            large |= {place for place in range(start, start + info.file_size) if place % 499}
    return [place for place in range(len(evidence)) if place not in large]


def test_every_changed_byte_fails(world: Any, plain: bytes) -> None:
    """One flipped bit anywhere fails one of the first three steps."""
    assert examine(world.file(plain)).verified
    changed = bytearray(plain)
    for place in places(plain):
        changed[place] ^= 1 << (place % 8)
        assert failed(world, bytes(changed)) in {"container", "signature", "members"}, place
        changed[place] = plain[place]


def test_every_changed_member_fails_when_the_zip_is_made_anew(world: Any, evidence: bytes) -> None:
    """Whoever mends the zip's checksums is stopped by the statement, and a changed statement by its signature."""
    members = container.read(evidence)
    for name, data in members.items():
        for place in {0, len(data) // 2, len(data) - 1}:
            changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            step = failed(world, container.render({**members, name: changed}))
            assert step == ("signature" if name == contents.STATEMENT else "members"), name


def test_every_shortening_fails(world: Any, evidence: bytes) -> None:
    """No prefix is a pack."""
    for size in (*range(64), *range(64, len(evidence), 997), *range(len(evidence) - 200, len(evidence))):
        assert failed(world, evidence[:size]) == "container"


def plain_zip(members: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file as any tool writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def with_comment(evidence: bytes) -> bytes:
    """The same with a comment at its end."""
    out = io.BytesIO(evidence)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"hello"
    return out.getvalue()


def with_second(evidence: bytes, name: str, data: bytes) -> bytes:
    """The same with one more member, perhaps of a name that there is already."""
    out = io.BytesIO(evidence)
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, data)
    return out.getvalue()


def test_tricks_with_the_zip_fail(world: Any, evidence: bytes) -> None:
    """Each is refused at the first step."""
    members = container.read(evidence)
    backwards = dict(reversed(members.items()))
    directory = evidence.rindex(b"PK\x05\x06")
    fewer = struct.pack("<4sHHHH", b"PK\5\6", 0, 0, 1, 1)
    tricks = {
        "trailing byte": evidence + b"\0",
        "leading byte": b"\0" + evidence,
        "comment": with_comment(evidence),
        "two packs": evidence + evidence,
        "duplicate": with_second(evidence, contents.ANSWERS, members[contents.ANSWERS]),
        "other answers under the same name": with_second(evidence, contents.ANSWERS, b"others"),
        "extra member": with_second(evidence, "notes.txt", b"hello"),
        "path traversal": with_second(evidence, "../../etc/passwd", b"root"),
        "absolute path": with_second(evidence, "/etc/passwd", b"root"),
        "other case": with_second(evidence, "Answers.observation", b"others"),
        "backslash": with_second(evidence, "log\\x", b""),
        "folder": with_second(evidence, "log/", b""),
        "rewritten by another tool": plain_zip(members),
        "reordered": plain_zip(backwards),
        "compressed": plain_zip(members, compression=zipfile.ZIP_DEFLATED),
        "empty zip": plain_zip({}),
        "statement missing": plain_zip({name: data for name, data in members.items() if name != contents.STATEMENT}),
        "directory counts fewer": evidence[:directory] + fewer + evidence[directory + 12 :],
        "bytes between": evidence[:directory] + b"\0" + evidence[directory:],
        "nothing": b"",
    }
    for name, trick in tricks.items():
        assert failed(world, trick) == "container", name


def test_bombs_fail_before_they_unpack() -> None:
    """A member that claims to unpack to a gigabyte is refused by its header; so are too many members."""
    bomb = plain_zip({contents.STATEMENT: bytes(10_000_000)}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 20_000
    with pytest.raises(MalformedEvidence, match="compressed"):
        container.read(bomb)
    claimed = bytearray(container.render({contents.STATEMENT: b"{}"}))
    place = claimed.rindex(b"PK\x01\x02")
    claimed[place + 20 : place + 28] = struct.pack("<LL", 2**30, 2**30)
    with pytest.raises(MalformedEvidence, match="more bytes"):
        container.read(bytes(claimed))
    with pytest.raises(MalformedEvidence, match="members"):
        container.read(plain_zip({str(number): b"" for number in range(300)}))


@settings(max_examples=50)
@given(st.dictionaries(NAMES, st.binary(max_size=40), max_size=8))
def test_round_trip(members: dict[str, bytes]) -> None:
    """What is rendered is read back, and any zip tool reads it too."""
    whole = {**members, contents.STATEMENT: b"{}"}
    data = container.render(whole)
    assert container.read(data) == whole
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == contents.STATEMENT


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b/c", "a//b", ".x", "x.", "é", "a b", "a\n"])
def test_odd_names_are_not_rendered(name: str) -> None:
    """A pack is never made with a member that no pack has."""
    with pytest.raises(MalformedEvidence):
        container.render({contents.STATEMENT: b"{}", name: b""})
