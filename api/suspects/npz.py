"""Answers in a numpy .npz archive, without pickle and without trusting any size that it declares.

1. Central directory: its size is read from the end record before `zipfile` parses it (a directory of a million
   entries is a bomb of its own); ZIP64 and spanned archives are refused.
2. One entry is chosen by name; it must be stored or deflated, and not encrypted.
3. The entry is read as `npy` reads a file.
"""

import io
import struct
import zipfile
import zlib
from typing import Any

from numpy.typing import NDArray

from api.suspects import npy
from api.suspects.errors import AnswersMalformed, AnswersTooLarge, AnswersUnsafe
from api.suspects.tensor import choose

MAGIC = b"PK"
_END, _END64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _END64_BYTES, _RECORD64_BYTES, _COMMENT_BYTES = 22, 20, 56, 65535
_MAX_DIRECTORY = 1 << 16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError, OSError)


def read(data: bytes, *, limit: int) -> NDArray[Any]:
    """The array `outputs` (or the only one) of the archive.

    Args:
        data: the archive's bytes.
        limit: the most bytes that the array may occupy.

    Raises:
        AnswersError: one of its kinds, before the declared array is allocated.
    """
    check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entry = _choose(archive.infolist())
            name = entry.filename.removesuffix(".npy")
            with archive.open(entry) as stream:
                return npy.read_stream(name, stream, size=entry.file_size, limit=limit)
    except _DAMAGE as error:
        raise AnswersMalformed(f"the npz archive is truncated or damaged ({error}); save and send it again") from error


def check_directory(data: bytes, *, most: int = _MAX_DIRECTORY, zip64: bool = False) -> None:
    """Step 1: return if the archive's directory has at most so many bytes; with `zip64`, also in its 64-bit form.

    Raises:
        AnswersMalformed, AnswersTooLarge: it has more, or cannot be found.
    """
    at = data.rfind(_END, max(0, len(data) - _END_BYTES - _COMMENT_BYTES))
    if at < 0 or len(data) - at < _END_BYTES:
        raise AnswersMalformed("the archive is truncated: it has no end record; save and send it again")
    (directory,) = struct.unpack_from("<I", data, at + 12)
    if data[max(0, at - _END64_BYTES) : at].startswith(_END64):
        record = at - _END64_BYTES - _RECORD64_BYTES  # where `zipfile` looks for it as well
        if not zip64 or record < 0:
            raise AnswersTooLarge("the archive uses ZIP64; send the answers alone, under 4 GiB")
        (directory,) = struct.unpack_from("<Q", data, record + 40)
    if directory > most:
        raise AnswersTooLarge(f"the archive lists {directory} bytes of entries; send the array 'outputs' alone")


def _choose(entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """Step 2."""
    if any(entry.filename.endswith(".pkl") for entry in entries):
        raise AnswersUnsafe("the archive is a torch file, which is a pickle inside; load it where you trust it "
                            "and send numpy.savez('outputs.npz', outputs=array)")  # fmt: skip
    arrays = [entry for entry in entries if entry.filename.endswith(".npy")]
    chosen = choose([entry.filename.removesuffix(".npy") for entry in arrays])
    entry = next(entry for entry in arrays if entry.filename == f"{chosen}.npy")
    if entry.compress_type not in _METHODS or entry.flag_bits & _ENCRYPTED:
        raise AnswersMalformed(f"array {chosen!r} is encrypted or packed by a method that numpy never writes; "
                               "use numpy.savez or numpy.savez_compressed")  # fmt: skip
    return entry
