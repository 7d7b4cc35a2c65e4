"""Helper data: what is published so that the same device, and no other, finds its key again.

```
offset  bytes      what
0       4          "CMHD"
4       1          version, 1
5       4          length of the whole, big-endian
9       1 + p      length and ASCII of the profile id
.       4          generation, big-endian
.       32         salt
.       4          cells, big-endian, then ceil(cells / 8) bytes of mask, most significant bit first
.       4          n, big-endian, then ceil(n / 8) bytes of offset
.       32         tag: HMAC-SHA256 of everything before it, under a key derived from the device key
.       16         checksum: SHA-256 of everything before it, shortened
```

The checksum is unkeyed and tells accident; the tag is keyed and tells forgery. Who can change this store can keep a
device from finding its key, and no more.
"""

import hashlib
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import HelperDataAltered, HelperDataMalformed, ParameterError

MAGIC, VERSION = b"CMHD", 1
SALT_BYTES, TAG_BYTES, CHECKSUM_BYTES = 32, 32, 16
_HEAD = struct.Struct(">4sBIB")
_SIZE = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperData:
    """Public data of one enrolment.

    Law: `HelperData.from_bytes(h.to_bytes()) == h`; bytes with any single bit changed are refused.

    Attributes:
        profile: id of the profile.
        generation: 0 for a first enrolment, one more for every re-enrolment.
        salt: 32 random bytes for the key derivation.
        cells: length of the response.
        mask: packed bits, 1 where a cell is selected.
        offset: packed bits, selected response XOR codeword.
        tag: authentication under a key derived from the device key.

    Raises:
        ParameterError: lengths that disagree, or padding bits that are set.
    """

    profile: str
    generation: int
    salt: bytes
    cells: int
    mask: bytes
    offset: bytes
    tag: bytes

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_BYTES or len(self.tag) != TAG_BYTES:
            raise ParameterError(f"helper data needs a salt of {SALT_BYTES} and a tag of {TAG_BYTES} bytes")
        if not 0 <= self.generation < 2**32:
            raise ParameterError(f"a generation is a number from 0 to 2^32 - 1, not {self.generation}")
        if not self.profile.isascii() or not 1 <= len(self.profile) <= 255:
            raise ParameterError("a profile id has 1 to 255 ASCII characters")
        if len(self.mask) != -(-self.cells // 8) or np.packbits(_unpack(self.mask, self.cells)).tobytes() != self.mask:
            raise ParameterError(f"the mask is not the packed form of {self.cells} cells")
        if len(self.offset) != -(-self.n // 8) or np.packbits(self.offset_bits).tobytes() != self.offset:
            raise ParameterError(f"the offset is not the packed form of {self.n} bits, one per selected cell")

    @property
    def selected(self) -> NDArray[np.intp]:
        """Indices of the selected cells, rising, (n,)."""
        return np.flatnonzero(_unpack(self.mask, self.cells))

    @property
    def n(self) -> int:
        """Number of selected cells: the length of the code."""
        return int.from_bytes(self.mask, "big").bit_count()

    @property
    def offset_bits(self) -> NDArray[np.uint8]:
        """Selected response XOR codeword, (n,)."""
        return _unpack(self.offset, self.n)

    def signed_bytes(self) -> bytes:
        """Everything that the tag authenticates."""
        profile = self.profile.encode("ascii")
        size = len(self.salt) + len(self.mask) + len(self.offset) + 3 * _SIZE.size
        total = _HEAD.size + len(profile) + size + TAG_BYTES + CHECKSUM_BYTES
        head = _HEAD.pack(MAGIC, VERSION, total, len(profile)) + profile + _SIZE.pack(self.generation) + self.salt
        return head + _SIZE.pack(self.cells) + self.mask + _SIZE.pack(self.n) + self.offset

    def to_bytes(self) -> bytes:
        """The layout at the head of this file."""
        body = self.signed_bytes() + self.tag
        return body + _checksum(body)

    @classmethod
    def from_bytes(cls, data: bytes) -> "HelperData":
        """The helper data whose bytes are `data`.

        Raises:
            HelperDataMalformed: not helper data, of another version, truncated or too long.
            HelperDataAltered: the checksum does not hold.
        """
        if len(data) < _HEAD.size or data[:4] != MAGIC:
            raise HelperDataMalformed("these bytes are not helper data: they do not begin with CMHD")
        _, version, total, width = _HEAD.unpack_from(data)
        if version != VERSION:
            raise HelperDataMalformed(f"helper data of version {version}; this program reads version {VERSION}")
        if total != len(data):
            raise HelperDataMalformed(f"helper data of {len(data)} bytes says it has {total}: truncated or too long")
        body = data[:-CHECKSUM_BYTES]
        if _checksum(body) != data[-CHECKSUM_BYTES:]:
            raise HelperDataAltered("the checksum of the helper data does not hold; fetch it again")
        return cls._parse(body, width)

    @classmethod
    def _parse(cls, body: bytes, width: int) -> "HelperData":
        try:
            profile_end = _HEAD.size + width
            (generation,) = _SIZE.unpack_from(body, profile_end)
            salt = profile_end + _SIZE.size
            salt_end = salt + SALT_BYTES
            (cells,) = _SIZE.unpack_from(body, salt_end)
            mask_end = salt_end + _SIZE.size + -(-cells // 8)
            (n,) = _SIZE.unpack_from(body, mask_end)
            offset_end = mask_end + _SIZE.size + -(-n // 8)
            found = cls(
                profile=body[_HEAD.size : profile_end].decode("ascii"),
                generation=generation,
                salt=body[salt:salt_end],
                cells=cells,
                mask=body[salt_end + _SIZE.size : mask_end],
                offset=body[mask_end + _SIZE.size : offset_end],
                tag=body[offset_end:],
            )
        except (struct.error, ParameterError, UnicodeDecodeError) as error:
            raise HelperDataMalformed(f"helper data that does not parse: {error}") from error
        if found.signed_bytes() + found.tag != body:
            raise HelperDataMalformed("helper data that is not in its canonical form")
        return found


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(b"countermark/helper-data/checksum" + body).digest()[:CHECKSUM_BYTES]


def _unpack(data: bytes, count: int) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8), count=count)
