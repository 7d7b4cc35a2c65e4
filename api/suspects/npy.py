"""One numpy array from a stream of .npy bytes, its header parsed from a bounded prefix, never by pickle.

1. The header is parsed from at most 10 KB, so that a header that declares gigabytes of itself costs nothing.
2. Type and shape are checked (`Declared.check`), and against the size of the file, before the array is allocated.
3. Exactly the declared bytes are read; fewer or more is an error.
"""

import io
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed
from api.suspects.tensor import ARRAY_NAME, Declared

MAGIC = npy.MAGIC_PREFIX
_MAX_HEADER = 10_000 + 12
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


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
    """Type, shape and order of the array; numpy's own parser."""
    try:
        version = npy.read_magic(prefix)
        if version not in _HEADERS:
            raise AnswersMalformed(f"array {name!r} is in .npy version {version}; write it with numpy.savez")
        shape, fortran, dtype = _HEADERS[version](prefix)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise AnswersMalformed(f"array {name!r} has no valid .npy header; write it with numpy.savez") from error
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 0 for size in shape):
        raise AnswersMalformed(f"array {name!r} declares the shape {shape}; sizes are counts")
    return Declared(name=name, dtype=dtype, shape=shape), fortran
