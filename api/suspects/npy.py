"""One numpy array from a stream of .npy bytes, its header parsed from a bounded prefix, never by pickle.

1. The header is parsed from at most 10 KB, so that a header that declares gigabytes of itself costs nothing.
2. Type and shape are checked (`Declared.check`), and against the size of the file, before the array is allocated.
3. Exactly the declared bytes are read; fewer or more is an error.
"""

import ast
import io
import re
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed, AnswersWrongType
from api.suspects.tensor import ARRAY_NAME, Declared

MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000 + 12
_SIZES = {b"\x01\x00": struct.Struct("<H"), b"\x02\x00": struct.Struct("<I")}  # length of the header, by version
_DESCR = re.compile(r"[<>|=]?[?biufcOSUVMm][0-9]{0,4}")


def read(data: bytes, *, limit: int) -> NDArray[Any]:
    """The array of a .npy file.

    Args:
        data: the file's bytes.
        limit: the most bytes that the array may occupy.

    Raises:
        AnswersError: one of its kinds, before the declared array is allocated.
    """
    return read_stream(ARRAY_NAME, io.BytesIO(data), size=len(data), limit=limit)


def read_stream(name: str, stream: IO[bytes], *, size: int, limit: int) -> NDArray[Any]:
    """The array called `name` from a stream said to hold `size` bytes.

    Raises:
        AnswersError: one of its kinds, before the declared array is allocated.
    """
    prefix = io.BytesIO(stream.read(_MAX_HEADER))
    declared, fortran = _header(name, prefix)
    declared.check(limit)
    held = size - prefix.tell()
    if held != declared.bytes:
        raise AnswersMalformed(f"array {name!r} declares {declared.bytes} bytes and holds {held}; save it again")
    values = prefix.read()
    values += stream.read(declared.bytes - len(values))
    if len(values) != declared.bytes:
        raise AnswersMalformed(f"array {name!r} ends after {len(values)} of {declared.bytes} bytes; send it again")
    array = np.frombuffer(values, dtype=declared.dtype).reshape(declared.shape, order="F" if fortran else "C")
    return array.astype(declared.dtype.newbyteorder("="), copy=False)


def _header(name: str, prefix: IO[bytes]) -> tuple[Declared, bool]:
    """Type, shape and order of the array. Not by numpy's parser: damaged headers escape it as errors of many kinds."""
    magic = prefix.read(len(MAGIC) + 2)
    size = _SIZES.get(magic[-2:])
    if magic[:-2] != MAGIC or size is None:
        raise AnswersMalformed(f"array {name!r} is in no .npy version that is read; write it with numpy.savez")
    (length,) = size.unpack(_exactly(prefix, size.size, name))
    text = _exactly(prefix, length, name)
    try:
        match ast.literal_eval(text.decode("latin-1")):
            case {"descr": descr, "fortran_order": bool(fortran), "shape": tuple(shape)}:
                pass
            case _:
                raise AnswersMalformed(f"array {name!r} lacks type, order or shape; write it with numpy.savez")
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise AnswersMalformed(f"array {name!r} has no valid .npy header; write it with numpy.savez") from error
    if any(type(count) is not int or count < 0 for count in shape):
        raise AnswersMalformed(f"array {name!r} declares the shape {shape}; sizes are counts")
    return Declared(name=name, dtype=_dtype(name, descr), shape=shape), fortran


def _exactly(prefix: IO[bytes], count: int, name: str) -> bytes:
    data = prefix.read(min(count, _MAX_HEADER))
    if len(data) != count:
        raise AnswersMalformed(
            f"array {name!r} ends within its .npy header, or has one out of proportion; send it again"
        )
    return data


def _dtype(name: str, descr: object) -> np.dtype:
    if not isinstance(descr, str) or not _DESCR.fullmatch(descr):
        raise AnswersWrongType(f"array {name!r} has type {descr!r}; answers are real or integer numbers")
    try:
        return np.dtype(descr)
    except (TypeError, ValueError) as error:
        raise AnswersWrongType(f"array {name!r} has type {descr!r}; answers are real or integer numbers") from error
