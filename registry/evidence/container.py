"""The pack as a zip file in one form only, so that no byte of it is free: stored members, fixed dates, fixed order.

A pack is read with the standard library, written again, and compared: whatever a zip file can hide (comments, extra
fields, bytes before or between members, a second directory, other names for the same member) makes a difference.
Members are stored and not compressed, so that nothing unpacks to more than the file.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping

from registry.errors import MalformedEvidence
from registry.evidence.contents import STATEMENT

MOST_MEMBERS = 256
LARGEST = 2**31 - 1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*(/[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*)?")
_VERSION, _DATE, _UNIX_FILE = 20, 0x21, 0o100644 << 16  # 2.0; 1980-01-01; a plain file
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def render(members: Mapping[str, bytes]) -> bytes:
    """The zip file of the members; equal members give equal bytes.

    Law: `read(render(m)) == m`.

    Raises:
        MalformedEvidence: a name that no member has, no statement, too many members, or too large a file.
    """
    if STATEMENT not in members or len(members) > MOST_MEMBERS or not all(map(_NAME.fullmatch, members)):
        raise MalformedEvidence(f"a pack has {STATEMENT}, and at most {MOST_MEMBERS} members with plain names")
    body, directory = [], []
    offset = 0
    for name in _ordered(members):
        data, encoded = members[name], name.encode("ascii")
        sizes = struct.pack("<LLLHH", zlib.crc32(data), len(data), len(data), len(encoded), 0)
        common = struct.pack("<HHHH", 0, 0, 0, _DATE) + sizes
        body += [_LOCAL, struct.pack("<H", _VERSION), common, encoded, data]
        made_by = struct.pack("<HH", 3 << 8 | _VERSION, _VERSION)
        directory += [_CENTRAL, made_by, common, struct.pack("<HHHLL", 0, 0, 0, _UNIX_FILE, offset), encoded]
        offset += 30 + len(encoded) + len(data)
        if offset > LARGEST:
            raise MalformedEvidence(f"a pack of more than {LARGEST} bytes; leave controls out")
    listed = b"".join(directory)
    end = struct.pack("<HHHHLLH", 0, 0, len(members), len(members), len(listed), offset, 0)
    return b"".join(body) + listed + _END + end


def read(data: bytes) -> dict[str, bytes]:
    """The members of a pack.

    Raises:
        MalformedEvidence: not a pack in its one form; the message says what is wrong with it.
    """
    if len(data) > LARGEST:
        raise MalformedEvidence(f"a file of {len(data)} bytes; no pack has more than {LARGEST}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _require_plain(archive.infolist(), len(data))
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        struct.error,
    ) as error:
        raise MalformedEvidence(f"not a whole zip file: {error}") from error
    if list(members) != _ordered(members):
        raise MalformedEvidence("the members are not in their order")
    if render(members) != data:
        raise MalformedEvidence("the zip file is not in its one form: something is hidden in it, or was changed")
    return members


def _ordered(members: Mapping[str, bytes]) -> list[str]:
    return sorted(members, key=lambda name: (name != STATEMENT, name))


def _require_plain(listed: list[zipfile.ZipInfo], size: int) -> None:
    if len(listed) > MOST_MEMBERS:
        raise MalformedEvidence(f"{len(listed)} members; no pack has more than {MOST_MEMBERS}")
    names = [info.filename for info in listed]
    for info in listed:
        if not _NAME.fullmatch(info.filename):
            raise MalformedEvidence(f"a member is named {info.filename[:80]!r}, which no member of a pack is")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise MalformedEvidence(f"{info.filename} is compressed; a pack stores its members as they are")
        if names.count(info.filename) > 1:
            raise MalformedEvidence(f"there are two members named {info.filename}")
    if sum(info.file_size for info in listed) > size:
        raise MalformedEvidence("the members claim more bytes than the file has")
