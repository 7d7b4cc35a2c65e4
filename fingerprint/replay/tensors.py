"""Safetensors files of float32 tensors, read by numpy alone: header length (u64), header (JSON), data without gaps.

Nothing is allocated before its size has been checked against the file. Only the form that this product writes is read.
"""

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import MalformedError

Floats = NDArray[np.float32]
METADATA_KEY = "countermark"
LARGEST_HEADER = 1 << 20
_LENGTH, _WIDTH = 8, 4


def read(data: bytes) -> tuple[bytes, dict[str, Floats]]:
    """Countermark's header and the tensors of a file, as views of its bytes.

    Raises:
        MalformedError: truncated, too long, another type than float32, or data with gaps or overlaps.
    """
    length = int.from_bytes(data[:_LENGTH], "little")
    if len(data) < _LENGTH or length > min(LARGEST_HEADER, len(data) - _LENGTH):
        raise MalformedError("not a whole safetensors file: its header is longer than the file")
    try:
        fields = json.loads(data[_LENGTH : _LENGTH + length])
        header = str(fields.pop("__metadata__")[METADATA_KEY]).encode()
        body = memoryview(data)[_LENGTH + length :]
        tensors = {str(name): _tensor(body, entry) for name, entry in fields.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedError(f"not a safetensors file of this product: {error!r}") from error
    if sum(tensor.nbytes for tensor in tensors.values()) != len(body):
        raise MalformedError("not a safetensors file of this product: its tensors do not fill it")
    return header, tensors


def _tensor(body: memoryview, entry: dict[str, Any]) -> Floats:
    start, end = entry["data_offsets"]
    shape = tuple(int(size) for size in entry["shape"])
    if entry["dtype"] != "F32" or not 0 <= start <= end <= len(body) or min(shape, default=0) < 0:
        raise ValueError(f"a tensor of {entry['dtype']} at {start}..{end}")
    if end - start != _WIDTH * math.prod(shape):
        raise ValueError(f"a tensor of shape {shape} in {end - start} bytes")
    found: Floats = np.frombuffer(body[start:end], dtype="<f4").reshape(shape)
    return found
