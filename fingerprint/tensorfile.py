"""One safetensors file with one canonical header: the form of verifier packs and signing kits.

The header stands under the single metadata key `countermark`, because the safetensors writer does not fix the order of
several keys and these bytes are hashed. Loading checks the declared sizes before it allocates and never unpickles.
"""

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from fingerprint.errors import MalformedError

METADATA_KEY = "countermark"
LARGEST_HEADER = 1 << 20
_LENGTH_BYTES = 8


def save(tensors: Mapping[str, NDArray[np.generic]], header: bytes) -> bytes:
    """The file's bytes; equal input gives equal bytes.

    Args:
        tensors: little-endian arrays by name.
        header: canonical JSON (`fingerprint.canonical`).

    Example:
        >>> load(save({"x": np.zeros(2, np.float32)}, b"{}"))[0]
        b'{}'
    """
    plain = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    return bytes(save_tensors(plain, metadata={METADATA_KEY: header.decode()}))


def load(data: bytes) -> tuple[bytes, dict[str, NDArray[np.generic]]]:
    """Header bytes and tensors of a file.

    Raises:
        MalformedError: truncated, too long a header, no countermark header, or sizes that disagree.
    """
    header = _metadata(data)
    try:
        return header, dict(load_tensors(data))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise MalformedError(f"not a whole safetensors file: {error}") from error


def _metadata(data: bytes) -> bytes:
    if len(data) < _LENGTH_BYTES:
        raise MalformedError(f"{len(data)} bytes are no safetensors file; it may have been truncated")
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    if length > min(LARGEST_HEADER, len(data) - _LENGTH_BYTES):
        raise MalformedError(f"the safetensors header claims {length} bytes; the file is truncated or not safetensors")
    try:
        fields = json.loads(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
        return str(fields["__metadata__"][METADATA_KEY]).encode()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MalformedError(
            "a safetensors file without a countermark header; it was not written by countermark"
        ) from error
