"""Answers in a safetensors file: eight bytes of header length, a JSON header, raw tensors.

Parsed here rather than by the library, so that every declared size is checked before anything is allocated and so
that bfloat16, which numpy lacks, is widened to float32.
"""

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.errors import AnswersMalformed, AnswersTooLarge, AnswersWrongType
from api.suspects.tensor import Declared, choose

LENGTH = struct.Struct("<Q")
_MAX_HEADER = 1 << 20
METADATA = "__metadata__"
_BF16 = "BF16"
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip


def begins_like_one(data: bytes) -> bool:
    """Whether the bytes begin with a plausible header length and an opening brace."""
    return len(data) > LENGTH.size and data[LENGTH.size : LENGTH.size + 1] == b"{"


def read(data: bytes, *, limit: int) -> NDArray[Any]:
    """The tensor `outputs` (or the only one) of the file.

    Args:
        data: the file's bytes.
        limit: the most bytes that the array may occupy.

    Raises:
        AnswersError: one of its kinds, before the declared array is allocated.
    """
    header, body = split(data)
    name = choose([key for key in header if key != METADATA])
    entry = header[name]
    declared, (begin, end) = declare(name, entry)
    declared.check(limit)
    if end - begin != declared.bytes or not 0 <= begin <= end <= len(body):
        raise AnswersMalformed(f"tensor {name!r} declares {declared.bytes} bytes at {begin}..{end} of {len(body)}; "
                               "the file is truncated or damaged, save and send it again")  # fmt: skip
    return decode(body[begin:end], entry["dtype"]).reshape(declared.shape)


def decode(raw: bytes | memoryview, kind: str) -> NDArray[Any]:
    """Values of a safetensors type, in native byte order; bfloat16 is widened to float32.

    Example:
        >>> decode(encode(np.array([0.15625, -2.0]), "BF16"), "BF16").tolist()
        [0.15625, -2.0]
    """
    values = np.frombuffer(raw, dtype=_TYPES[kind])
    if kind == _BF16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def encode(values: NDArray[Any], kind: str) -> bytes:
    """Values as bytes of a safetensors type, rounded to the nearest one (ties to even)."""
    if kind == _BF16:
        bits = values.astype(np.float32).view(np.uint32)
        values = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and whoever minds looks for that
        return values.astype(_TYPES[kind]).tobytes()


def split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and body of a safetensors file.

    Raises:
        AnswersMalformed, AnswersTooLarge: truncated, not JSON, or a header out of proportion.
    """
    if len(data) <= LENGTH.size:
        raise AnswersMalformed(f"{len(data)} bytes are no safetensors file; save and send it again")
    (length,) = LENGTH.unpack_from(data)
    if length > _MAX_HEADER:
        raise AnswersTooLarge(f"the safetensors header declares {length} bytes; send the tensor 'outputs' alone")
    if LENGTH.size + length > len(data):
        raise AnswersMalformed("the safetensors file ends within its header; save and send it again")
    try:
        header = json.loads(data[LENGTH.size : LENGTH.size + length], object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise AnswersMalformed(f"the safetensors header is not JSON ({error}); save and send it again") from error
    if not isinstance(header, dict):
        raise AnswersMalformed("the safetensors header is not an object; save and send it again")
    return header, memoryview(data)[LENGTH.size + length :]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without repeated names: readers disagree about which of two counts."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def declare(name: str, entry: Any) -> tuple[Declared, tuple[int, int]]:
    """What the header says about one tensor: type and shape, and where its bytes lie.

    Raises:
        AnswersMalformed, AnswersWrongType: fields that are missing or senseless, or a type that is not read.
    """
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [begin, end]}:
            counts = (*shape, begin, end)
        case _:
            raise AnswersMalformed(f"tensor {name!r} lacks dtype, shape or data_offsets; save and send it again")
    if any(type(count) is not int or count < 0 for count in counts):
        raise AnswersMalformed(f"tensor {name!r} declares sizes that are no counts; save and send it again")
    if dtype not in _TYPES:
        raise AnswersWrongType(f"tensor {name!r} has type {dtype}; send one of {', '.join(_TYPES)}")
    return Declared(name=name, dtype=np.dtype(_TYPES[dtype]), shape=tuple(shape)), (begin, end)
