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

_LENGTH = struct.Struct("<Q")
_MAX_HEADER = 1 << 20
_METADATA = "__metadata__"
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip


def begins_like_one(data: bytes) -> bool:
    """Whether the bytes begin with a plausible header length and an opening brace."""
    return len(data) > _LENGTH.size and data[_LENGTH.size : _LENGTH.size + 1] == b"{"


def read(data: bytes, *, limit: int) -> NDArray[Any]:
    """The tensor `outputs` (or the only one) of the file.

    Args:
        data: the file's bytes.
        limit: the most bytes that the array may occupy.

    Raises:
        AnswersError: one of its kinds, before the declared array is allocated.
    """
    header, body = _split(data)
    name = choose([key for key in header if key != _METADATA])
    entry = header[name]
    declared, (begin, end) = _declared(name, entry)
    declared.check(limit)
    if end - begin != declared.bytes or not 0 <= begin <= end <= len(body):
        raise AnswersMalformed(f"tensor {name!r} declares {declared.bytes} bytes at {begin}..{end} of {len(body)}; "
                               "the file is truncated or damaged, save and send it again")  # fmt: skip
    values = np.frombuffer(body[begin:end], dtype=declared.dtype)
    if entry["dtype"] == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(values.dtype.newbyteorder("="), copy=False).reshape(declared.shape)


def _split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and body."""
    (length,) = _LENGTH.unpack_from(data)
    if length > _MAX_HEADER:
        raise AnswersTooLarge(f"the safetensors header declares {length} bytes; send the tensor 'outputs' alone")
    if _LENGTH.size + length > len(data):
        raise AnswersMalformed("the safetensors file ends within its header; save and send it again")
    try:
        header = json.loads(data[_LENGTH.size : _LENGTH.size + length], object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise AnswersMalformed(f"the safetensors header is not JSON ({error}); save and send it again") from error
    if not isinstance(header, dict):
        raise AnswersMalformed("the safetensors header is not an object; save and send it again")
    return header, memoryview(data)[_LENGTH.size + length :]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without repeated names: readers disagree about which of two counts."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _declared(name: str, entry: Any) -> tuple[Declared, tuple[int, int]]:
    """What the header says about one tensor."""
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
